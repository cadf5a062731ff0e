// The bundlers, each with nothing but its defaults.
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { build, createServer } from 'vite';
import webpack from 'webpack';

/** A folder in which one test may build, and which goes with it. */
export async function temporary(context) {
  const folder = await mkdtemp(join(tmpdir(), 'tidewire-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** `vite build` in a folder of `projects`. */
export async function viteBuild(project, outDir) {
  await build({
    root: resolve('projects', project),
    configFile: false,
    logLevel: 'warn',
    build: { outDir, emptyOutDir: true },
  });
}

/** Vite's development server for a folder of `projects`, until the test is over. Comes back with its URL. */
export async function viteServes(project, context) {
  const vite = await createServer({
    root: resolve('projects', project),
    configFile: false,
    logLevel: 'warn',
    cacheDir: await temporary(context),
    server: { host: '127.0.0.1', port: 0 },
  });
  context.after(() => vite.close());
  await vite.listen();
  return `http://127.0.0.1:${vite.httpServer.address().port}/`;
}

/** `webpack` in a folder beside or in `projects`, with further settings where they are given; a page is copied beside the script. */
export async function webpackBuild(project, path, settings = {}) {
  const context = resolve('projects', project);
  const stats = await new Promise((done, fail) =>
    webpack({ context, mode: 'production', output: { path }, ...settings }, (error, result) =>
      error ? fail(error) : done(result),
    ),
  );
  if (stats.hasErrors() || stats.hasWarnings()) {
    throw new Error(stats.toString());
  }
  await cp(resolve('projects/webpack/index.html'), join(path, 'index.html'));
}
