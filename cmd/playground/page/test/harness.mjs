// The page in a Chromium, and what its tests ask of it: by the roles and names that people and screen readers have.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

// Requests of the service worker are seen, too.
process.env.PW_EXPERIMENTAL_SERVICE_WORKER_NETWORK_EVENTS = '1';
const { chromium } = await import('playwright-core');

export const url = required('PAGE_URL');
export const pictures = required('PICTURES');
export const downloads = required('DOWNLOADS');
export const cases = required('CASES');
export const folder = required('PAGE_FOLDER');
export const program = required('PROGRAM');

function required(name) {
  assert.ok(process.env[name], `${name} is not set: go test ./cmd/playground sets it`);
  return process.env[name];
}

// patience is how long something may take on a machine that is busy with other tests, in ms.
const patience = 30_000;

export const browser = await chromium.launch({
  executablePath: required('CHROMIUM'),
  // As root it refuses to start with its sandbox; in a container /dev/shm may be too small.
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
});

// foreign are the requests of all pages that left the page's origin; bad is what they said on the console.
export const foreign = [];
export const bad = [];

// open is the page in a browser of its own (nothing cached), once the first result is shown.
export async function open({ fragment = '', at = url, ...options } = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 }, colorScheme: 'light', acceptDownloads: true, ...options,
  });
  context.on('request', (r) => {
    if (new URL(r.url()).origin !== new URL(at).origin && !/^(data|blob):/.test(r.url())) foreign.push(r.url());
  });
  context.on('console', (m) => {
    if (m.type() === 'error') bad.push(`${m.text()} (${m.location().url})`);
  });
  context.on('weberror', (e) => bad.push(String(e.error())));
  context.setDefaultTimeout(patience);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const page = await context.newPage();
  await page.goto(at + fragment);
  await ready(page);
  return page;
}

export const ready = (page) => page.waitForSelector('html[data-ready="true"]', { timeout: patience });

// profile is the editor, status what the page says about the result.
export const profile = (page) => page.getByRole('textbox', { name: 'Profile' });
export const status = (page) => page.getByRole('status');
export const generated = (page) => page.getByRole('region', { name: 'Generated file' });
export const problems = (page) => page.getByRole('list', { name: 'Problems' });
export const files = (page) => page.getByRole('tree', { name: 'Files' }).getByRole('treeitem');

// answered carries out what changes the input, and waits until its result is shown.
export async function answered(page, change) {
  const count = () => performance.getEntriesByName('keystroke').length;
  const before = await page.evaluate(count);
  await change();
  await page.waitForFunction((n) => performance.getEntriesByName('keystroke').length > n, before, { timeout: patience });
}

// until waits for what a function comes to.
export async function until(found) {
  for (const end = Date.now() + patience; ;) {
    const got = await found();
    if (got) return got;
    assert.ok(Date.now() < end, `this never came: ${found}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

// write replaces the profile by another one, as somebody does who pastes it.
export async function write(page, text) {
  await page.evaluate((t) => navigator.clipboard.writeText(t), text);
  await profile(page).focus();
  await page.keyboard.press('Control+a');
  await answered(page, () => page.keyboard.press('Control+v'));
}

// text is what an editor shows, all of it, also the lines outside of the screen.
export async function text(page) {
  await profile(page).focus();
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Control+c');
  return page.evaluate(() => navigator.clipboard.readText());
}

// goTo puts the cursor of the profile at a line and column, both from 1.
export async function goTo(page, line, column) {
  await profile(page).focus();
  await page.keyboard.press('Control+Home');
  for (let i = 1; i < line; i++) await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Home');
  await page.keyboard.press('Home'); // the first may stop at the first letter
  const indented = await page.evaluate(() => getSelection().focusOffset);
  if (indented > 0) await page.keyboard.press('Home');
  for (let i = 1; i < column; i++) await page.keyboard.press('ArrowRight');
}

// drop lets files fall on the page, as a file manager does.
export async function drop(page, named) {
  const data = await page.evaluateHandle((all) => {
    const d = new DataTransfer();
    for (const [name, text] of Object.entries(all)) d.items.add(new File([text], name));
    return d;
  }, named);
  const at = page.locator('body');
  await at.dispatchEvent('dragenter', { dataTransfer: data });
  await at.dispatchEvent('dragover', { dataTransfer: data });
  await at.dispatchEvent('drop', { dataTransfer: data });
}

// download presses a button and saves what comes. On a busy machine the archive may take longer than Chromium lets a
// page save files after a press (5 s); then it is pressed again.
export async function download(page, button, path) {
  const pressed = page.getByRole('button', { name: button });
  const status = page.getByRole('status');
  await until(async () => (await pressed.getAttribute('aria-disabled')) !== 'true');
  for (let left = 3; left > 0; left--) {
    let got;
    page.once('download', (download) => (got = download));
    await page.evaluate(() => (document.querySelector('#said').textContent = '')); // of the press before
    await pressed.click();
    let refused; // by Chromium: the page has saved it, and nothing comes
    await until(async () => {
      if (!got && /quick-deploy-flake\S* is saved/.test(await status.innerText())) refused ??= Date.now() + 2000;
      return got || Date.now() > refused;
    });
    if (got) return got.saveAs(path);
  }
  assert.fail(`${path} does not come: ${await status.innerText()}`);
}

// tab presses Tab until the element has the focus: whoever has no mouse gets there so.
export async function tab(page, locator) {
  for (let i = 0; i < 100; i++) {
    if (await locator.evaluate((e) => e === document.activeElement || e.contains(document.activeElement))) return;
    // In the editor, Tab indents: Escape before it leaves.
    if (await profile(page).evaluate((e) => e === document.activeElement)) await page.keyboard.press('Escape');
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab does not come to ${locator}`);
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// offences are what axe-core finds that is serious or critical.
export async function offences(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return violations.filter((v) => v.impact === 'serious' || v.impact === 'critical')
    .map((v) => `${v.impact} ${v.id}: ${v.help}\n  ${v.nodes.map((n) => `${n.target}: ${n.failureSummary}`).join('\n  ')}`);
}

// yardstick is how long a fixed piece of work takes this browser now, in ms. It is long enough to be interrupted as
// often as what is measured, where others use the machine.
export const yardstick = (page) => page.evaluate(() => {
  const begun = performance.now();
  for (let round = 0; round < 10; round++) {
    let text = JSON.stringify(Array.from({ length: 20_000 }, (_, i) => ({ name: `host-${i}`, value: i })));
    for (let i = 0; i < 3; i++) text = JSON.stringify(JSON.parse(text).reverse());
  }
  return performance.now() - begun;
});

export const goldenCase = (name, file = 'quick-deploy.yaml') => readFileSync(join(cases, name, file), 'utf8');
