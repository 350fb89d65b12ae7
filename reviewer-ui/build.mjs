// Builds the page: build/page/index.html and build/page/assets/<name>-<hash>.<ext>.
import { build } from 'esbuild';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'reviewer-ui');
const target = process.argv[2] ?? join(root, 'build', 'page');

await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });

const shared = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  charset: 'utf8',
  target: ['es2022'],
  outdir: join(target, 'assets'),
  entryNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
  publicPath: '/assets',
  alias: { fonts: '@fontsource-variable' },
  loader: { '.woff2': 'file', '.svg': 'file' },
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
};

const results = await Promise.all([
  build({
    ...shared,
    entryPoints: [join(source, 'src/main.tsx')],
    format: 'esm',
    jsx: 'automatic',
    jsxImportSource: 'preact',
  }),
  // Runs before the first paint, so that nobody sees the other theme flash by.
  build({ ...shared, entryPoints: [join(source, 'src/first.ts')], format: 'iife' }),
  build({ ...shared, entryPoints: [join(source, 'src/styles/page.css')] }),
  build({ ...shared, entryPoints: [join(source, 'src/icon.svg')], loader: { '.svg': 'copy' } }),
]);

const names = {};
for (const { metafile } of results)
  for (const [path, output] of Object.entries(metafile.outputs)) {
    const entry = output.entryPoint ?? (path.endsWith('.svg') ? 'icon.svg' : undefined);
    if (entry) names[entry.split('/').pop()] = `/${relative(target, join(root, path))}`;
  }

const template = await readFile(join(source, 'index.html'), 'utf8');
const html = template.replace(/\{\{(.+?)\}\}/g, (_, name) => {
  if (!names[name]) throw new Error(`no asset was built for ${name}`);
  return names[name];
});
await writeFile(join(target, 'index.html'), html);
