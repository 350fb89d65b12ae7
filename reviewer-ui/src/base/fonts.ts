// Loads our fonts through fetch: the page's policy has no font-src, and needs none.
import interLatin from 'fonts/inter/files/inter-latin-wght-normal.woff2';
import interMore from 'fonts/inter/files/inter-latin-ext-wght-normal.woff2';
import monoLatin from 'fonts/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2';

const latin =
  'U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+2000-206F,' +
  'U+20AC,U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD';
const more = 'U+0100-02BA,U+02BD-02C5,U+02C7-02CC,U+1E00-1E9F,U+1EF2-1EFF,U+20A0-20AB,U+20AD-20C0';

async function load(family: string, url: string, unicodeRange: string): Promise<void> {
  const response = await fetch(url, { credentials: 'same-origin' });
  if (!response.ok) return;
  const face = new FontFace(family, await response.arrayBuffer(), {
    unicodeRange,
    weight: family === 'Inter' ? '100 900' : '100 800',
  });
  document.fonts.add(await face.load());
}

export function loadFonts(): void {
  const all = [
    load('Inter', interLatin, latin),
    load('Inter', interMore, more),
    load('JetBrains Mono', monoLatin, latin),
  ];
  // The page is complete in the system's own fonts.
  for (const one of all) one.catch(() => undefined);
}
