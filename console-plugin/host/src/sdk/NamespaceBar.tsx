/** The bar that picks the namespace; for those who may not list namespaces, one can be typed. */
import { type FC, useMemo, useRef, useState } from 'react';
import type * as Sdk from '@openshift-console/dynamic-plugin-sdk';
import type { K8sResourceCommon } from '@openshift-console/dynamic-plugin-sdk';
import {
  Divider,
  Menu,
  MenuContainer,
  MenuContent,
  MenuItem,
  MenuList,
  MenuSearch,
  MenuSearchInput,
  MenuToggle,
  SearchInput,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from '@patternfly/react-core';
import { useT } from '../i18n';
import { useAccessReview } from '../k8s/access';
import { useK8sWatchResource } from '../k8s/hooks';
import { ALL_NAMESPACES, useActiveNamespace } from '../namespace';

const NAMESPACES = { groupVersionKind: { version: 'v1', kind: 'Namespace' }, isList: true };
const LIST = { resource: 'namespaces', verb: 'list' } as const;
const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

export const NamespacePicker: FC<{ isDisabled?: boolean; onChange?: (namespace: string) => void }> = (props) => {
  const t = useT();
  const [active, setActive] = useActiveNamespace();
  const [isOpen, setOpen] = useState(false);
  const [text, setText] = useState('');
  const [mayList] = useAccessReview(LIST); // for those who may not, a refusal would be no news
  const [found] = useK8sWatchResource<K8sResourceCommon[]>(mayList ? NAMESPACES : null);
  const toggle = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const names = useMemo(() => {
    const known = (found ?? []).flatMap((one) => one.metadata?.name ?? []).sort();
    const matching = known.filter((one) => one.includes(text));
    return NAME.test(text) && !known.includes(text) ? [...matching, text] : matching;
  }, [found, text]);
  const pick = (namespace: string): void => {
    setActive(namespace);
    setOpen(false);
    setText('');
    props.onChange?.(namespace);
  };
  const shown = active === ALL_NAMESPACES ? t('All namespaces') : active;
  return (
    <MenuContainer
      isOpen={isOpen}
      onOpenChange={setOpen}
      toggleRef={toggle}
      menuRef={menu}
      popperProps={{ position: 'start', maxWidth: '24rem' }}
      toggle={
        <MenuToggle
          ref={toggle}
          isExpanded={isOpen}
          isDisabled={props.isDisabled}
          onClick={() => setOpen(!isOpen)}
          variant="plainText"
          data-test="namespace-toggle"
        >
          {t('Namespace')}: {shown}
        </MenuToggle>
      }
      menu={
        <Menu ref={menu} isScrollable activeItemId={active} onSelect={(_event, id) => pick(String(id))}>
          <MenuSearch>
            <MenuSearchInput>
              <SearchInput
                value={text}
                placeholder={t('Find or enter a name')}
                aria-label={t('Find or enter a name')}
                onChange={(_event, value) => setText(value.trim())}
                onClear={() => setText('')}
              />
            </MenuSearchInput>
          </MenuSearch>
          <Divider />
          <MenuContent>
            <MenuList>
              {!text && <MenuItem itemId={ALL_NAMESPACES}>{t('All namespaces')}</MenuItem>}
              {names.map((name) => (
                <MenuItem key={name} itemId={name}>
                  {name}
                </MenuItem>
              ))}
            </MenuList>
          </MenuContent>
        </Menu>
      }
    />
  );
};

export const NamespaceBar: typeof Sdk.NamespaceBar = ({ onNamespaceChange, isDisabled, children }) => (
  <Toolbar className="bsls-host-namespaces" inset={{ default: 'insetSm' }}>
    <ToolbarContent>
      <ToolbarItem>
        <NamespacePicker isDisabled={isDisabled} onChange={onNamespaceChange} />
      </ToolbarItem>
      {children && <ToolbarItem>{children}</ToolbarItem>}
    </ToolbarContent>
  </Toolbar>
);
