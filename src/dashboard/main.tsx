/** The dashboard: what browsers run. A client of the API like any other; nothing that it shows comes from elsewhere. */
import { render } from 'preact';
import { App } from './app.tsx';
import { begin } from './session.ts';

const place = document.querySelector('#app');
if (place) render(<App />, place);
void begin();
