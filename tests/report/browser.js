// SPDX-License-Identifier: MIT
// Headless Chromium by its DevTools protocol over a pipe: JSON messages that end in a zero byte.
import {spawn} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

const patience = 30000;  // ms for an answer

export class Browser {
  #process; #home; #next = 1; #waiting = new Map(); #handlers = []; #rest = '';

  static async start() {
    const browser = new Browser();
    await browser.#send('Browser.getVersion');
    return browser;
  }

  constructor() {
    this.#home = mkdtempSync(join(tmpdir(), 'mica-browser-'));
    this.#process = spawn('chromium', [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', `--user-data-dir=${this.#home}`,
      '--remote-debugging-pipe', 'about:blank',
    ], {stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe']});
    this.#process.on('error', (fault) => this.#fail(fault));
    this.#process.on('exit', () => this.#fail(new Error('chromium has ended')));
    this.#process.stdio[4].setEncoding('utf8').on('data', (text) => this.#take(text));
  }

  #fail(fault) {
    for (const {reject} of this.#waiting.values()) reject(fault);
    this.#waiting.clear();
  }

  #take(text) {
    const messages = (this.#rest + text).split('\0');
    this.#rest = messages.pop();
    for (const message of messages.map((m) => JSON.parse(m))) {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.error) waiting?.reject(new Error(message.error.message));
      else if (waiting) waiting.resolve(message.result);
      else for (const handler of this.#handlers) handler(message);
    }
  }

  #send(method, params = {}, sessionId = undefined) {
    const id = this.#next++;
    const answer = new Promise((resolve, reject) => {
      this.#waiting.set(id, {resolve, reject});
      setTimeout(() => reject(new Error(`${method}: no answer`)), patience).unref();
    });
    this.#process.stdio[3].write(`${JSON.stringify({id, method, params, sessionId})}\0`);
    return answer;
  }

  // Loads `url` at that width and colour scheme.
  async open(url, {width = 1000, height = 800, dark = false} = {}) {
    const {targetId} = await this.#send('Target.createTarget', {url: 'about:blank'});
    const {sessionId} = await this.#send('Target.attachToTarget', {targetId, flatten: true});
    const send = (method, params) => this.#send(method, params, sessionId);
    const page = {send, requests: [], faults: []};
    const loaded = new Promise((resolve) => {
      this.#handlers.push(({method, params, sessionId: from}) => {
        if (from !== sessionId) return;
        if (method === 'Network.requestWillBeSent') page.requests.push(params.request.url);
        if (method === 'Runtime.exceptionThrown') page.faults.push(params.exceptionDetails.text);
        if (method === 'Runtime.consoleAPICalled') page.faults.push(JSON.stringify(params.args));
        if (method === 'Log.entryAdded') page.faults.push(params.entry.text);
        if (method === 'Page.loadEventFired') resolve();
      });
    });
    await Promise.all(['Network', 'Runtime', 'Log', 'Page'].map((domain) => send(`${domain}.enable`)));
    const screen = {width, height, deviceScaleFactor: 1, mobile: width < 600};
    await send('Emulation.setDeviceMetricsOverride', screen);
    await send('Emulation.setEmulatedMedia', {
      features: [{name: 'prefers-color-scheme', value: dark ? 'dark' : 'light'}],
    });
    await send('Page.navigate', {url});
    await loaded;
    page.evaluate = async (expression) => {
      const {result, exceptionDetails} = await send('Runtime.evaluate', {expression, returnByValue: true});
      if (exceptionDetails) throw new Error(exceptionDetails.text);
      return result.value;
    };
    return page;
  }

  async close() {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#send('Browser.close').catch(() => {});
    await ended;
    rmSync(this.#home, {recursive: true, force: true, maxRetries: 5});
  }
}
