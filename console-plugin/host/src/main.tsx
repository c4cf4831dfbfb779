/** Starts the page. */
import '@patternfly/patternfly/patternfly.css';
import '@patternfly/patternfly/patternfly-addons.css';
import '@patternfly/patternfly/patternfly-charts.css';
import './host.css';
import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import { startTexts } from './i18n';
import { loadPlugin } from './plugin/load';

const element = document.getElementById('app');
if (!element) throw new Error('the page has no element for the application');
// While the texts come and somebody's log-in is looked up. Where it fails, the page says so and tries again.
loadPlugin().catch(() => undefined);
await startTexts();
createRoot(element).render(<App />);
