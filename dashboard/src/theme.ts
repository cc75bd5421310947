import { type CSSVariablesResolver, createTheme } from '@mantine/core';

/** One accent; red, amber and green belong to states alone. */
export const theme = createTheme({
  primaryColor: 'teal',
  primaryShade: { light: 9, dark: 9 },
  autoContrast: true,
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontFamily: "'IBM Plex Sans', 'IBM Plex Sans Arabic', system-ui, sans-serif",
  fontFamilyMonospace: "'IBM Plex Mono', ui-monospace, monospace",
  headings: { fontWeight: '600' },
});

/** Mantine's own quiet colours have too little contrast. */
export const cssVariablesResolver: CSSVariablesResolver = ({ colors }) => ({
  variables: {},
  dark: { '--mantine-color-dimmed': colors.dark[1], '--mantine-color-error': colors.red[4] },
  light: {
    '--mantine-color-dimmed': colors.gray[7],
    '--mantine-color-error': colors.red[9],
    '--mantine-color-teal-text': '#076b50',
    '--mantine-color-red-text': colors.red[9],
    '--mantine-color-teal-light-color': '#05543f',
    '--mantine-color-red-light-color': '#8f1d1d',
    '--mantine-color-orange-light-color': '#8a3300',
    '--mantine-color-blue-light-color': '#12467a',
    '--mantine-color-gray-light-color': colors.gray[8],
  },
});
