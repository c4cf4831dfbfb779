/** The masthead: what this is, light or dark, who is logged in. */
import { type FC, useState } from 'react';
import {
  Dropdown,
  DropdownGroup,
  DropdownItem,
  DropdownList,
  Masthead,
  MastheadBrand,
  MastheadContent,
  MastheadMain,
  MastheadToggle,
  MenuToggle,
  PageToggleButton,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from '@patternfly/react-core';
import { AdjustIcon, BarsIcon, DatabaseIcon, MoonIcon, SunIcon } from '@patternfly/react-icons';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { LANGUAGES, setLanguage, useT } from '../i18n';
import { type Session, logOut } from '../session';
import { THEMES, type Theme, setTheme, theme } from '../theme';

const ICONS: Record<Theme, typeof SunIcon> = { light: SunIcon, dark: MoonIcon, system: AdjustIcon };

const ThemeMenu: FC = () => {
  const t = useT();
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(theme);
  const names: Record<Theme, string> = { light: t('Light'), dark: t('Dark'), system: t('As the system') };
  const Icon = ICONS[active];
  return (
    <Dropdown
      isOpen={isOpen}
      onOpenChange={setOpen}
      popperProps={{ position: 'right' }}
      onSelect={(_event, value) => {
        setTheme(value as Theme);
        setActive(value as Theme);
        setOpen(false);
      }}
      toggle={(ref) => (
        <MenuToggle
          ref={ref}
          variant="plain"
          isExpanded={isOpen}
          onClick={() => setOpen(!isOpen)}
          aria-label={t('Theme: {{name}}', { name: names[active] })}
          icon={<Icon />}
          data-test="theme-toggle"
        />
      )}
    >
      <DropdownList>
        {THEMES.map((one) => (
          <DropdownItem key={one} value={one} isSelected={one === active}>
            {names[one]}
          </DropdownItem>
        ))}
      </DropdownList>
    </Dropdown>
  );
};

const UserMenu: FC<{ user: string }> = ({ user }) => {
  const t = useT();
  const { i18n } = useTranslation('host');
  const [isOpen, setOpen] = useState(false);
  return (
    <Dropdown
      isOpen={isOpen}
      onOpenChange={setOpen}
      popperProps={{ position: 'right' }}
      toggle={(ref) => (
        <MenuToggle
          ref={ref}
          variant="plainText"
          isExpanded={isOpen}
          onClick={() => setOpen(!isOpen)}
          data-test="user-menu"
        >
          <span className="bsls-host-user">{user.replace(/^system:serviceaccount:/, '')}</span>
        </MenuToggle>
      )}
    >
      <DropdownGroup label={t('Language')}>
        <DropdownList>
          {Object.entries(LANGUAGES).map(([code, name]) => (
            <DropdownItem
              key={code}
              lang={code}
              isSelected={code === i18n.language}
              onClick={() => {
                setOpen(false);
                void setLanguage(code);
              }}
            >
              {name}
            </DropdownItem>
          ))}
        </DropdownList>
      </DropdownGroup>
      <DropdownGroup>
        <DropdownList>
          <DropdownItem onClick={() => void logOut()} data-test="log-out">
            {t('Log out')}
          </DropdownItem>
        </DropdownList>
      </DropdownGroup>
    </Dropdown>
  );
};

export const Header: FC<{ session: Session }> = ({ session }) => {
  const t = useT();
  return (
    <Masthead>
      <MastheadMain>
        <MastheadToggle>
          <PageToggleButton variant="plain" aria-label={t('Navigation')}>
            <BarsIcon />
          </PageToggleButton>
        </MastheadToggle>
        <MastheadBrand>
          <Link to="/dashboards" className="bsls-host-brand">
            <DatabaseIcon /> {t('File backups')}
          </Link>
        </MastheadBrand>
      </MastheadMain>
      <MastheadContent>
        <Toolbar isFullHeight isStatic>
          <ToolbarContent>
            <ToolbarItem align={{ default: 'alignEnd' }}>
              <ThemeMenu />
            </ToolbarItem>
            <ToolbarItem>
              <UserMenu user={session.user} />
            </ToolbarItem>
          </ToolbarContent>
        </Toolbar>
      </MastheadContent>
    </Masthead>
  );
};
