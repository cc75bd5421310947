import '@fontsource/ibm-plex-sans-arabic/arabic-400.css';
import '@fontsource/ibm-plex-sans-arabic/arabic-600.css';
import '@fontsource/ibm-plex-sans/latin-400.css';
import '@fontsource/ibm-plex-sans/latin-600.css';
import '@fontsource/ibm-plex-mono/latin-400.css';
import '@mantine/core/styles.layer.css';
import '@mantine/notifications/styles.layer.css';
import './styles/app.css';
import { DirectionProvider, MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { setNonce } from 'get-nonce';
import { createRoot } from 'react-dom/client';
import { queryClient } from './api/queryClient.ts';
import { router } from './routes.tsx';
import { LANGUAGE } from './texts/format.ts';
import { loadTexts, TextsProvider } from './texts/index.tsx';
import { cssVariablesResolver, theme } from './theme.ts';

const nonce = document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce ?? '';
// For what keeps the page from scrolling below a dialog.
setNonce(nonce);

const scheme = document.documentElement.dataset.mantineColorScheme === 'dark' ? 'dark' : 'light';
const texts = await loadTexts();
const place = document.getElementById('root');
if (place === null) throw new Error('The page has no place for the dashboard.');

createRoot(place).render(
  <DirectionProvider initialDirection={LANGUAGE === 'ar' ? 'rtl' : 'ltr'} detectDirection={false}>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariablesResolver}
      getStyleNonce={() => nonce}
      defaultColorScheme={scheme}
    >
      <TextsProvider texts={texts}>
        <Notifications position={LANGUAGE === 'ar' ? 'bottom-left' : 'bottom-right'} />
        <QueryClientProvider client={queryClient}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </TextsProvider>
    </MantineProvider>
  </DirectionProvider>,
);
