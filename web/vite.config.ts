import { defineConfig } from 'vite';

// Two pages, everything from this server: no fonts, scripts or pictures from elsewhere, so that a site without internet has them too.
export default defineConfig({
  base: '/',
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rollupOptions: { input: { index: 'index.html', touchpoint: 'touchpoint.html' } },
  },
});
