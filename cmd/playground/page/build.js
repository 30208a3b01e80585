// Bundles the page into a folder: npm run build -- --outdir=OUT
//
// What already lies in that folder (the generator, Go's own start script) belongs to the page, too: the service
// worker caches all of it under a name made of its content, so that a page never mixes two builds.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const { outdir } = parseArgs({ options: { outdir: { type: 'string', default: 'dist' } } }).values;
mkdirSync(outdir, { recursive: true });

const common = {
  outdir,
  bundle: true,
  minify: true,
  charset: 'utf8',
  target: 'es2022',
  format: 'iife',
  entryNames: '[name]',
  legalComments: 'none', // licences.txt
  loader: { '.html': 'copy' },
  logLevel: 'warning',
};

const { metafile } = await build({
  ...common,
  metafile: true,
  entryPoints: ['index.html', 'style.css', 'src/start.js', 'src/app.js', 'src/worker.js'],
});

// The packages in the bundle want their licences to go with it; they have none in a comment that esbuild would keep.
const packages = new Set(
  Object.keys(metafile.inputs)
    .map((path) => path.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1])
    .filter(Boolean),
);
const licences = [...packages]
  .sort()
  .map((name) => `${name}\n\n${readFileSync(join('node_modules', name, 'LICENSE'), 'utf8')}`);
writeFileSync(join(outdir, 'licences.txt'), licences.join('\n\n'));

const files = readdirSync(outdir)
  .filter((name) => /\.(html|css|js|wasm|txt)$/.test(name) && name !== 'sw.js')
  .sort();
const hash = createHash('sha256');
for (const name of files)
  hash
    .update(name)
    .update('\0')
    .update(readFileSync(join(outdir, name)));

await build({
  ...common,
  entryPoints: ['src/sw.js'],
  define: { FILES: JSON.stringify(files), BUILD: JSON.stringify(hash.digest('hex').slice(0, 16)) },
});
