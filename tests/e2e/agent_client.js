// SPDX-License-Identifier: Apache-2.0
// agent_client.js BIN_DIRECTORY CACHE_DIRECTORY: cases for the released client; agent_client_test prepares and calls it.
// Each form of the greeting gets a relay, an agent and every case anew. The agent runs as an ordinary process.
'use strict';

const assert = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { spawn } = require('child_process');
const { createRequire } = require('module');

const [programs, cache] = process.argv.slice(2).map((name) => path.resolve(name));
const installed = createRequire(path.join(cache, 'node_modules', 'none.js'));
const { AgentClient } = installed('@superradcompany/microsandbox-linux-x64-gnu/microsandbox.linux-x64-gnu.node');
const { decode, encode } = installed('cbor-x');

const CASE_MS = 30000;
const START_MS = 20000;
const TERMINAL = 1;
const SESSION_START = 2;
const SHUTDOWN = 4;
const GENERATION = 6;
const SIGTERM = 15;

const message = (type, payload) => encode({ v: GENERATION, t: type, p: encode(payload) });

function taken(frame) {
  const { v, t, p } = decode(frame.body);
  return { id: frame.id, flags: frame.flags, generation: v, type: t, payload: decode(p) };
}

class Exec {
  static async start(client, cmd, args = [], more = {}) {
    const request = { cmd, args, env: [], cwd: null, user: null, tty: false, rows: 24, cols: 80, rlimits: [], ...more };
    const { id, handle } = await client.streamOpen(SESSION_START, message('core.exec.request', request));
    return new Exec(client, id, handle);
  }

  constructor(client, id, handle) {
    Object.assign(this, { client, id, handle });
  }

  send(type, payload) {
    return this.client.send(this.id, 0, message(type, payload));
  }

  input(data) {
    return this.send('core.exec.stdin', { data });
  }

  async next() {
    const frame = await this.client.streamNext(this.handle);
    return frame === null ? null : taken(frame);
  }

  // Reads to the end of the stream. `onFrame` sees each frame as it comes.
  async finish(onFrame = () => {}) {
    const output = { 'core.exec.stdout': [], 'core.exec.stderr': [] };
    const types = [];
    let exited = null;
    for (let frame; (frame = await this.next()) !== null; ) {
      assert.strictEqual(frame.id, this.id);
      if (frame.type in output) output[frame.type].push(frame.payload.data);
      else types.push(frame.type);
      if (frame.type === 'core.exec.exited') {
        assert.strictEqual(frame.flags, TERMINAL);
        exited = frame.payload;
      }
      await onFrame(frame);
    }
    assert.deepStrictEqual(types, ['core.exec.started', 'core.exec.exited']);
    return {
      code: exited.code,
      exited,
      stdout: Buffer.concat(output['core.exec.stdout']),
      stderr: Buffer.concat(output['core.exec.stderr']),
    };
  }
}

async function run(client, script, more) {
  const exec = await Exec.start(client, '/bin/sh', ['-c', script], more);
  return exec.finish();
}

const digest = (data) => crypto.createHash('sha256').update(data).digest('hex');

// A case gets one connected client, and `connect` for more.
const cases = {
  async readyBytesAreTheGuestsOwn(client) {
    const { v, t, p } = decode(client.readyBytes());
    assert.strictEqual(t, 'core.ready');
    assert.strictEqual(v, GENERATION);
    const ready = decode(p);
    assert.ok(ready.ready_time_ns >= ready.boot_time_ns);
    assert.strictEqual(typeof ready.agent_version, 'string');
    assert.ok(ready.pronto.version.length > 0);
  },

  async pingIsAnsweredByOneFrame(client) {
    const pong = taken(await client.request(0, message('core.ping', {})));
    assert.strictEqual(pong.type, 'core.pong');
    assert.strictEqual(pong.flags, TERMINAL);
  },

  async outputStreamsAndExitCodeArriveApart(client) {
    const ran = await run(client, "printf 'a\\000b\\377'; printf error >&2; exit 7");
    assert.deepStrictEqual(ran.stdout, Buffer.from([0x61, 0, 0x62, 0xff]));
    assert.strictEqual(ran.stderr.toString(), 'error');
    assert.strictEqual(ran.code, 7);
  },

  // The verdict is additive: this client has never heard of it, and hands it through.
  async verdictCountsTheBytesThatCame(client) {
    const ran = await run(client, 'head -c 300000 /dev/zero; echo x >&2');
    assert.strictEqual(ran.code, 0);
    assert.strictEqual(ran.stdout.length, 300000);
    assert.strictEqual(Number(ran.exited.stdout_bytes), 300000);
    assert.strictEqual(Number(ran.exited.stderr_bytes), 2);
  },

  async bulkOutputArrivesWhole(client) {
    const ran = await run(client, 'seq 1 2000000');
    const expected = crypto.createHash('sha256');
    for (let number = 1; number <= 2000000; number += 1) expected.update(`${number}\n`);
    assert.strictEqual(digest(ran.stdout), expected.digest('hex'));
  },

  async inputIsEchoedUntilItsEnd(client) {
    const exec = await Exec.start(client, 'cat');
    await exec.input(Buffer.from('one '));
    await exec.input(Buffer.from('two'));
    await exec.input(Buffer.alloc(0));
    const ran = await exec.finish();
    assert.strictEqual(ran.stdout.toString(), 'one two');
    assert.strictEqual(ran.code, 0);
  },

  async inputOfThreeMebibytesInOneFrameIsEchoed(client) {
    const data = crypto.randomBytes(3 * 1024 * 1024);
    const exec = await Exec.start(client, 'cat');
    await exec.input(data);
    await exec.input(Buffer.alloc(0));
    const ran = await exec.finish();
    assert.strictEqual(ran.stdout.length, data.length);
    assert.strictEqual(digest(ran.stdout), digest(data));
  },

  async terminalHasTheSizeAskedForAndAChangedOne(client) {
    const exec = await Exec.start(client, '/bin/sh', ['-c', 'stty size; read line; stty size'], {
      tty: true,
      rows: 31,
      cols: 97,
    });
    let asked = false;
    const ran = await exec.finish(async (frame) => {
      if (asked || frame.type !== 'core.exec.stdout') return;
      asked = true;
      await exec.send('core.exec.resize', { rows: 50, cols: 132 });
      await exec.input(Buffer.from('go\n'));
    });
    const text = ran.stdout.toString();
    assert.ok(text.startsWith('31 97\r\n'), JSON.stringify(text));
    assert.ok(text.endsWith('50 132\r\n'), JSON.stringify(text));
    assert.strictEqual(ran.code, 0);
  },

  async signalEndsAProgram(client) {
    const exec = await Exec.start(client, 'sleep', ['600']);
    const ran = await exec.finish(async (frame) => {
      if (frame.type === 'core.exec.started') await exec.send('core.exec.signal', { signal: SIGTERM });
    });
    assert.strictEqual(ran.code, -1);
    assert.strictEqual(ran.exited.signal, SIGTERM);
  },

  async missingProgramFailsWithoutAStart(client) {
    const exec = await Exec.start(client, '/nowhere/to/be/found');
    const failed = await exec.next();
    assert.strictEqual(failed.type, 'core.exec.failed');
    assert.strictEqual(failed.flags, TERMINAL);
    assert.strictEqual(failed.payload.kind, 'not_found');
    assert.strictEqual(await exec.next(), null);
  },

  async twoClientsAtOnceEachGetTheirOwn(client, connect) {
    const other = await connect();
    const count = 400;
    const echo = async (who, name) => {
      const execs = [];
      for (let number = 0; number < 4; number += 1) execs.push(run(who, `seq -f ${name}${number}-%g ${count}`));
      for (const [number, ran] of (await Promise.all(execs)).entries()) {
        const lines = Array.from({ length: count }, (_, line) => `${name}${number}-${line + 1}\n`);
        assert.strictEqual(ran.stdout.toString(), lines.join(''));
      }
    };
    await Promise.all([echo(client, 'a'), echo(other, 'b')]);
    await other.close();
    const pong = taken(await client.request(0, message('core.ping', {})));
    assert.strictEqual(pong.type, 'core.pong');
  },
};

// Resolves once `stream` has said `line`.
function said(stream, line, processes) {
  return new Promise((resolve, reject) => {
    let text = '';
    stream.on('data', (data) => {
      text += data;
      if (text.split('\n').includes(line)) resolve();
    });
    for (const [name, child] of Object.entries(processes)) {
      child.once('exit', (code, signal) => reject(new Error(`${name} ended: ${code === null ? signal : code}`)));
      child.once('error', reject);
    }
  });
}

function within(milliseconds, promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const ended = (child) =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve(child.exitCode)
    : new Promise((resolve) => child.once('exit', (code) => resolve(code)));

async function runCase(name, socket) {
  const clients = [];
  const connect = async () => {
    clients.push(await AgentClient.connect(socket, { timeoutMs: 5000 }));
    return clients[clients.length - 1];
  };
  try {
    await within(CASE_MS, connect().then((client) => cases[name](client, connect)), name);
  } finally {
    for (const client of clients) await client.close();
  }
}

// A client asks for the end: agent and relay both go, and take their sockets along.
async function shutDown(socket, relay, agent) {
  const client = await AgentClient.connect(socket, { timeoutMs: 5000 });
  await client.send(0, SHUTDOWN, message('core.shutdown', null));
  assert.strictEqual(await within(CASE_MS, ended(agent), 'the end of the agent'), 0);
  await within(CASE_MS, ended(relay), 'the end of the relay');
  await client.close();
  assert.ok(!fs.existsSync(socket), 'the relay left its socket behind');
}

async function runHandshake(handshake) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'pronto-client-'));
  const socket = path.join(directory, 'agent.sock');
  const port = path.join(directory, 'port.sock');
  const relay = spawn(
    path.join(programs, 'pronto-relay'),
    ['--guest', `unix-listen:${port}`, '--socket', socket, '--handshake', handshake, '--ready-fd', '3', '--quiet'],
    { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] },
  );
  const started = { relay };
  let failures = 0;
  try {
    await within(START_MS, said(relay.stdio[3], 'listening', { relay }), 'the start of the relay');
    const ready = said(relay.stdio[3], 'ready', started);
    started.agent = spawn(path.join(programs, 'pronto-agent'), ['--port', port], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    await within(START_MS, ready, 'the readiness of the agent');
    for (const name of Object.keys(cases)) {
      const begin = process.hrtime.bigint();
      let verdict = 'ok';
      try {
        await runCase(name, socket);
      } catch (error) {
        failures += 1;
        verdict = `FAILED: ${error.stack}`;
      }
      const elapsed = (Number(process.hrtime.bigint() - begin) / 1e6).toFixed(1);
      console.log(`${handshake}.${name} (${elapsed} ms) ${verdict}`);
    }
    await shutDown(socket, relay, started.agent);
    console.log(`${handshake}.shutdownEndsBoth ok`);
  } finally {
    for (const child of Object.values(started)) if (child.exitCode === null) child.kill('SIGKILL');
    fs.rmSync(directory, { recursive: true, force: true });
  }
  return failures;
}

async function main() {
  let failures = 0;
  for (const handshake of ['range', 'legacy']) failures += await runHandshake(handshake);
  if (failures > 0) throw new Error(`${failures} cases failed`);
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(`agent_client: ${error.stack}`);
    process.exit(1);
  },
);
