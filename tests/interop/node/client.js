'use strict';
// Checks a JSON-RPC 2.0 server with jayson's client and, where that cannot say it, with text of its own.
//
//   node client.js [--tcp HOST:PORT] [--http HOST:PORT] [--path /jsonrpc] [--only EXPRESSION] [--stock]
//
// --stock: the server is jayson's own; skip what it is known not to do.

const assert = require('node:assert');
const http = require('node:http');
const net = require('node:net');
const { parseArgs } = require('node:util');
const jayson = require('jayson');
const { Suite, Skip, same } = require('./check');

const { values: options } = parseArgs({
  options: {
    tcp: { type: 'string' },
    http: { type: 'string' },
    path: { type: 'string', default: '/jsonrpc' },
    only: { type: 'string' },
    stock: { type: 'boolean', default: false },
  },
});

const hostPort = (address) => ({ host: address.slice(0, address.lastIndexOf(':')), port: Number(address.slice(address.lastIndexOf(':') + 1)) });

const error = (code, id = null) => ({ jsonrpc: '2.0', error: { code }, id });
const result = (value, id) => ({ jsonrpc: '2.0', result: value, id });

/** Of an error only the code is given by the specification. */
function withoutWords(answer) {
  if (Array.isArray(answer)) return answer.map(withoutWords);
  if (!answer || typeof answer !== 'object' || !answer.error) return answer;
  assert.strictEqual(typeof answer.error.message, 'string', `an error without message: ${JSON.stringify(answer)}`);
  return { ...answer, error: { code: answer.error.code } };
}

// The specification wants the request's id unless it could not be detected, and leaves open when that is: with id 1 or null.
const invalidRequest = Symbol('-32600');

// [name, sent, answer]; undefined: none at all.
const specification = [
  ['positional_1', '{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}', result(19, 1)],
  ['positional_2', '{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}', result(-19, 2)],
  ['named_1', '{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}', result(19, 3)],
  ['named_2', '{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4}', result(19, 4)],
  ['notification_1', '{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}', undefined],
  ['notification_2', '{"jsonrpc": "2.0", "method": "foobar"}', undefined],
  ['unknown_method', '{"jsonrpc": "2.0", "method": "foobar", "id": "1"}', error(-32601, '1')],
  ['invalid_json', '{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]', error(-32700)],
  ['invalid_request', '{"jsonrpc": "2.0", "method": 1, "params": "bar"}', error(-32600)],
  ['batch_invalid_json', '[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},{"jsonrpc": "2.0", "method"]', error(-32700)],
  ['batch_empty', '[]', error(-32600)],
  ['batch_of_one_number', '[1]', [error(-32600)]],
  ['batch_of_numbers', '[1,2,3]', [error(-32600), error(-32600), error(-32600)]],
  ['batch_mixed',
    '[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},' +
    '{"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},' +
    '{"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},{"foo": "boo"},' +
    '{"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},' +
    '{"jsonrpc": "2.0", "method": "get_data", "id": "9"}]',
    [result(7, '1'), result(19, '2'), error(-32600), error(-32601, '5'), result(['hello', 5], '9')]],
  ['batch_of_notifications',
    '[{"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},{"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}]',
    undefined],
];

// Beyond the examples. "stock" says what jayson's own server does otherwise.
const beyond = [
  ['id_text', '{"jsonrpc":"2.0","method":"sum","params":[1],"id":"a\\"b"}', result(1, 'a"b')],
  ['id_fraction', '{"jsonrpc":"2.0","method":"sum","params":[1],"id":1.5}', result(1, 1.5)],
  ['id_zero', '{"jsonrpc":"2.0","method":"sum","params":[1],"id":0}', result(1, 0)],
  ['id_negative', '{"jsonrpc":"2.0","method":"sum","params":[1],"id":-7}', result(1, -7)],
  ['id_true', '{"jsonrpc":"2.0","method":"sum","params":[1],"id":true}', error(-32600)],
  ['id_list', '{"jsonrpc":"2.0","method":"sum","params":[1],"id":[]}', error(-32600)],
  ['id_object', '{"jsonrpc":"2.0","method":"sum","params":[1],"id":{}}', error(-32600)],
  ['params_text', '{"jsonrpc":"2.0","method":"sum","params":"bar","id":1}', invalidRequest],
  ['no_method', '{"jsonrpc":"2.0","params":[1],"id":1}', invalidRequest],
  ['method_null', '{"jsonrpc":"2.0","method":null,"params":[1],"id":1}', invalidRequest],
  ['other_version', '{"jsonrpc":"2.1","method":"sum","params":[1],"id":1}', invalidRequest],
  ['version_a_number', '{"jsonrpc":2.0,"method":"sum","params":[1],"id":1}', invalidRequest],
  ['members_in_other_order', '{"id":1,"params":[1,2],"method":"sum","jsonrpc":"2.0"}', result(3, 1)],
  ['unknown_members', '{"jsonrpc":"2.0","method":"sum","params":[1,2],"id":1,"more":{"x":[1]}}', result(3, 1)],
  ['escaped_names', '{"jsonrpc":"2.0","\\u006dethod":"s\\u0075m","params":[1,2],"id":1}', result(3, 1)],
  ['white_space', '\t{ "jsonrpc" : "2.0" ,\r"method" : "sum" , "params" : [ 1 , 2 ] , "id" : 1 } ', result(3, 1)],
  ['wrong_params', '{"jsonrpc":"2.0","method":"Arith.Multiply","params":{"A":"seven","B":1},"id":1}', error(-32602, 1), 'takes any'],
  ['handler_error', '{"jsonrpc":"2.0","method":"Arith.Divide","params":{"A":1,"B":0},"id":1}', 'divide by zero'],
  ['notification_with_wrong_params', '{"jsonrpc":"2.0","method":"Arith.Multiply","params":{"A":"seven","B":1}}', undefined],
  ['notification_that_fails', '{"jsonrpc":"2.0","method":"Arith.Divide","params":{"A":1,"B":0}}', undefined],
  ['batch_of_one', '[{"jsonrpc":"2.0","method":"sum","params":[1,2],"id":1}]', [result(3, 1)]],
  ['batch_with_equal_ids', '[{"jsonrpc":"2.0","method":"sum","params":[1],"id":1},{"jsonrpc":"2.0","method":"sum","params":[2],"id":1}]',
    [result(1, 1), result(2, 1)]],
  ['batch_in_batch', '[[{"jsonrpc":"2.0","method":"sum","params":[1],"id":1}]]', [error(-32600)], 'does not answer'],
  ['batch_goes_on_after_errors',
    '[{"jsonrpc":"2.0","method":"none","id":1},{"jsonrpc":"2.0","method":"sum","params":[5],"id":2},null,"x",{"jsonrpc":"2.0","method":"sum","params":[6],"id":3}]',
    [error(-32601, 1), result(5, 2), error(-32600), error(-32600), result(6, 3)]],
  ['batch_of_100', JSON.stringify([...Array(100).keys()].map((id) => ({ jsonrpc: '2.0', method: 'sum', params: [id, 1], id }))),
    [...Array(100).keys()].map((id) => result(id + 1, id))],
];

const marker = '{"jsonrpc":"2.0","method":"sum","params":[100,1],"id":"marker"}';
const markerAnswer = result(101, 'marker');

/** Sends text on a fresh connection and gives the lines that come until `enough` says so or the peer closes. */
function tcpExchange(text, enough) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(hostPort(options.tcp), () => socket.write(text));
    let answer = '';
    const finish = () => {
      socket.destroy();
      resolve(answer.split('\n').filter((line) => line.trim() !== ''));
    };
    socket.setEncoding('utf8');
    socket.setTimeout(25000, () => socket.destroy(new Error(`no answer; so far ${JSON.stringify(answer)}`)));
    socket.on('data', (chunk) => {
      answer += chunk;
      if (enough(answer)) finish();
    });
    socket.on('end', finish);
    socket.on('error', reject);
  });
}

function httpExchange(text, { method = 'POST', path = options.path, headers = { 'Content-Type': 'application/json' } } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request({ ...hostPort(options.http), method, path, headers: { ...headers, 'Content-Length': Buffer.byteLength(text) } });
    request.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => { body += chunk; });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    request.on('error', reject);
    request.end(text);
  });
}

/** The answer to one text, parsed; undefined if there is none. */
async function overTcp(text) {
  // What is answered at all is answered before the marker or, if the connection is given up, instead of it.
  const lines = await tcpExchange(`${text}\n${marker}\n`, (answer) => answer.includes('"marker"') && answer.endsWith('\n'));
  const answers = lines.map((line) => JSON.parse(line));
  const isMarker = (answer) => answer && answer.id === 'marker';
  const others = answers.filter((answer) => !isMarker(answer));
  assert.ok(others.length <= 1, `more than one answer: ${lines.join(' ')}`);
  if (others.length === 0 || others[0].error?.code !== -32700) same(answers.find(isMarker), markerAnswer, 'the call behind');
  return others[0];
}

async function overHttp(text) {
  const { status, headers, body } = await httpExchange(text);
  if (body.trim() === '') {
    assert.ok(status === 204 || status === 200, `an empty answer with status ${status}`);
    return undefined;
  }
  assert.strictEqual(status, 200, `status ${status}: ${body}`);
  assert.match(headers['content-type'] || '', /^application\/json/);
  return JSON.parse(body);
}

async function exampleChecks(suite, wire, exchange) {
  for (const [name, sent, want] of specification) {
    await suite.run(`${wire}/specification/${name}`, async () => {
      if (options.stock && wire === 'http' && name.endsWith('invalid_json')) throw new Skip('jayson answers 400');
      same(withoutWords(await exchange(sent)), want, sent);
    });
  }
  for (const [name, sent, want, stock] of beyond) {
    await suite.run(`${wire}/beyond/${name}`, async () => {
      if (options.stock && stock) throw new Skip(`jayson ${stock}`);
      const answer = await exchange(sent);
      if (typeof want === 'string') {
        assert.strictEqual(answer?.error?.message, want);
        assert.strictEqual(typeof answer.error.code, 'number');
        assert.ok(!('result' in answer), 'a result beside the error');
      } else if (want === invalidRequest) {
        same(withoutWords(answer), error(-32600, answer?.id === 1 ? 1 : null), sent);
      } else {
        same(withoutWords(answer), want, sent);
      }
    });
  }
  await suite.run(`${wire}/beyond/id_of_20_digits`, async () => {
    if (options.stock) throw new Skip('jayson has only doubles');
    const sent = '{"jsonrpc":"2.0","method":"sum","params":[1],"id":12345678901234567890}';
    const text = wire === 'tcp' ? (await tcpExchange(sent, (answer) => answer.endsWith('}') || answer.endsWith('\n')))[0] : (await httpExchange(sent)).body;
    assert.match(text, /"id":\s*12345678901234567890\s*[,}]/);
  });
}

async function clientChecks(suite, wire, connect) {
  const request = (client, ...rest) =>
    new Promise((resolve, reject) => client.request(...rest, (failure, answer) => (failure ? reject(failure) : resolve(answer))));
  const client = connect({});
  const run = (name, check) => suite.run(`${wire}/jayson/${name}`, check);

  await run('positional', async () => assert.strictEqual((await request(client, 'subtract', [42, 23])).result, 19));
  await run('named', async () => assert.strictEqual((await request(client, 'subtract', { minuend: 42, subtrahend: 23 })).result, 19));
  await run('named_struct', async () => assert.strictEqual((await request(client, 'Arith.Multiply', { A: 6, B: 7 })).result, 42));
  await run('struct_reply', async () =>
    assert.deepStrictEqual((await request(client, 'Arith.Divide', { A: 17, B: 5 })).result, { Quo: 3, Rem: 2 }));
  await run('one_text', async () =>
    assert.strictEqual((await request(client, 'HelloService.SayHello', ['jayson'])).result, 'Hello World:jayson'));
  await run('unicode', async () => {
    const text = 'quote " backslash \\ \u00e4 \u65e5 \u{1F600} \u2028 \u0001 </script>';
    assert.strictEqual((await request(client, 'HelloService.SayHello', [text])).result, `Hello World:${text}`);
  });
  await run('mebibyte', async () => {
    const text = 'x'.repeat(1 << 20);
    assert.strictEqual((await request(client, 'HelloService.SayHello', [text])).result, `Hello World:${text}`);
  });
  await run('unknown_method', async () => {
    const answer = await request(client, 'nobody', []);
    assert.strictEqual(answer.error.code, -32601);
    assert.ok(!('result' in answer));
  });
  await run('handler_error', async () => {
    const answer = await request(client, 'Arith.Divide', { A: 1, B: 0 });
    assert.strictEqual(answer.error.message, 'divide by zero');
  });
  await run('notification', async () => assert.strictEqual(await request(client, 'notify_hello', [7], null), undefined));
  await run('batch', async () => {
    const answers = await request(client, [
      client.request('sum', [1, 2, 4], 'a'),
      client.request('notify_hello', [7], null),
      client.request('nobody', [], 'b'),
      client.request('Arith.Multiply', { A: 6, B: 7 }, 'c'),
    ]);
    same(withoutWords(answers), [result(7, 'a'), error(-32601, 'b'), result(42, 'c')], 'batch');
  });
  await run('hundred_at_once', async () => {
    const answers = await Promise.all([...Array(100).keys()].map((i) => request(client, 'Arith.Multiply', { A: i, B: 3 })));
    answers.forEach((answer, i) => assert.strictEqual(answer.result, i * 3));
  });
  await run('version_1', async () => {
    if (options.stock) throw new Skip('a jayson server has one version');
    const answer = await request(connect({ version: 1 }), 'Arith.Multiply', [{ A: 6, B: 7 }]);
    assert.strictEqual(answer.result, 42);
    assert.strictEqual(answer.error, null);
    assert.ok(!('jsonrpc' in answer));
  });
}

async function tcpOnlyChecks(suite) {
  await suite.run('tcp/many_on_one_connection', async () => {
    const calls = [...Array(500).keys()].map((id) => JSON.stringify({ jsonrpc: '2.0', method: 'sum', params: [id, 1], id }));
    const lines = await tcpExchange(`${calls.join('\n')}\n`, (answer) => (answer.match(/\n/g) || []).length === 500);
    same(lines.map((line) => JSON.parse(line)), [...Array(500).keys()].map((id) => result(id + 1, id)), 'answers');
  });
  await suite.run('tcp/no_separators', async () => {
    if (options.stock) throw new Skip('jayson needs a line feed');
    const calls = [...Array(50).keys()].map((id) => JSON.stringify({ jsonrpc: '2.0', method: 'sum', params: [id, 1], id }));
    const lines = await tcpExchange(calls.join(''), (answer) => (answer.match(/"jsonrpc"/g) || []).length === 50 && /\}\s*$/.test(answer));
    same(lines.map((line) => JSON.parse(line)), [...Array(50).keys()].map((id) => result(id + 1, id)), 'answers');
  });
  await suite.run('tcp/a_line_feed_after_each_answer', async () => {
    const lines = await tcpExchange(`${marker}\n${marker}\n`, (answer) => (answer.match(/\n/g) || []).length === 2);
    same(lines.map((line) => JSON.parse(line)), [markerAnswer, markerAnswer], 'answers');
  });
  await suite.run('tcp/both_versions_on_one_connection', async () => {
    if (options.stock) throw new Skip('a jayson server has one version');
    const first = '{"method":"Arith.Multiply","params":[{"A":6,"B":7}],"id":1}';
    const lines = await tcpExchange(`${first}\n${marker}\n${first}\n`, (answer) => (answer.match(/\n/g) || []).length === 3);
    const old = { id: 1, result: 42, error: null };
    same(lines.map((line) => JSON.parse(line)), [old, markerAnswer, old], 'answers');
  });
}

async function httpOnlyChecks(suite) {
  await suite.run('http/get_is_405', async () => {
    const { status } = await httpExchange('', { method: 'GET' });
    assert.strictEqual(status, 405);
  });
  await suite.run('http/content_type_with_parameter', async () => {
    const { status, body } = await httpExchange(marker, { headers: { 'Content-Type': 'application/json; charset=utf-8' } });
    assert.strictEqual(status, 200);
    same(JSON.parse(body), markerAnswer, 'answer');
  });
  await suite.run('http/notification_has_an_empty_answer', async () => {
    const { status, body } = await httpExchange('{"jsonrpc":"2.0","method":"notify_hello","params":[7]}');
    assert.strictEqual(status, 204);
    assert.strictEqual(body, '');
  });
  await suite.run('http/scalar_document', async () => {
    if (options.stock) throw new Skip('jayson answers 400 or nothing');
    for (const text of ['17', '"hello"', 'null', 'true']) same(withoutWords(await overHttp(text)), error(-32600), text);
  });
  await suite.run('http/keep_alive', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const sockets = new Set();
    for (let i = 0; i < 20; i += 1) {
      await new Promise((resolve, reject) => {
        const request = http.request({ ...hostPort(options.http), method: 'POST', path: options.path, agent, headers: { 'Content-Type': 'application/json' } });
        request.on('response', (response) => {
          sockets.add(response.socket);
          response.resume();
          response.on('end', resolve);
        });
        request.on('error', reject);
        request.end(marker); // chunked, as there is no length
      });
    }
    agent.destroy();
    assert.strictEqual(sockets.size, 1);
  });
}

(async () => {
  const suite = new Suite({ only: options.only });
  if (options.tcp) {
    await exampleChecks(suite, 'tcp', overTcp);
    await clientChecks(suite, 'tcp', (more) => jayson.client.tcp({ ...hostPort(options.tcp), ...more }));
    await tcpOnlyChecks(suite);
  }
  if (options.http) {
    await exampleChecks(suite, 'http', overHttp);
    await clientChecks(suite, 'http', (more) => jayson.client.http({ ...hostPort(options.http), path: options.path, ...more }));
    await httpOnlyChecks(suite);
  }
  suite.exit();
})();
