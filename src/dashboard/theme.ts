/** Light or dark: as the machine has it, unless a person chose. Kept in this browser alone. */
import { effect, signal } from '@preact/signals';

export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'certpacks-theme';
const kept = (): Theme => THEMES.find((one) => one === localStorage.getItem(KEY)) ?? 'auto';

export const theme = signal<Theme>(kept());

effect(() => {
  document.documentElement.dataset['theme'] = theme.value;
  localStorage.setItem(KEY, theme.value);
});
