'use strict';
// A jayson server for JSON-RPC clients under test: TCP, a line feed after each message, and HTTP POST on any path. It prints
// "listening KIND HOST:PORT" for each KIND of tcp and http (JSON-RPC 2.0), tcp1 and http1 (1.0), then "ready", and stops
// when its standard input closes.
//
//   node server.js [--tcp-port N] [--http-port N]

const { parseArgs } = require('node:util');
const jayson = require('jayson');

const { values } = parseArgs({ options: { 'tcp-port': { type: 'string', default: '0' }, 'http-port': { type: 'string', default: '0' } } });

const notified = [];

function note(method) {
  return (params, done) => {
    notified.push({ method, params });
    done(null, null);
  };
}

const server = new jayson.Server({
  // The methods of the specification's examples.
  subtract: (params, done) => {
    const [minuend, subtrahend] = Array.isArray(params) ? params : [params.minuend, params.subtrahend];
    done(null, minuend - subtrahend);
  },
  sum: (params, done) => done(null, params.reduce((a, b) => a + b, 0)),
  get_data: (_, done) => done(null, ['hello', 5]),
  update: note('update'),
  notify_hello: note('notify_hello'),
  notify_sum: note('notify_sum'),
  foobar_notification: note('foobar_notification'),

  // What has come to those of them that answer nothing, since the last time this was asked.
  notified: (_, done) => done(null, notified.splice(0)),

  echo: (params, done) => done(null, params),
  fail: (params, done) => done({ code: -32000, message: 'as you wish', data: params }),
  slow: (params, done) => setTimeout(() => done(null, params), 300),

  // As in tests/interop/README.md, with the argument's fields as named parameters.
  'Arith.Multiply': ({ A, B }, done) => done(null, A * B),
  'Arith.Divide': ({ A, B }, done) =>
    B === 0 ? done({ code: -32000, message: 'divide by zero' }) : done(null, { Quo: Math.trunc(A / B), Rem: A % B }),
  'HelloService.SayHello': ([name], done) => done(null, `Hello World:${name}`),
});

// The same in version 1.0, where the argument is the first parameter and an error may be anything.
const old = new jayson.Server({
  echo: ([value], done) => done(null, value),
  fail: ([value], done) => done(value),
  nothing: (_, done) => done(null, null),
  'Arith.Multiply': ([{ A, B }], done) => done(null, A * B),
  'Arith.Divide': ([{ A, B }], done) => (B === 0 ? done('divide by zero') : done(null, { Quo: Math.trunc(A / B), Rem: A % B })),
  'HelloService.SayHello': ([name], done) => done(null, `Hello World:${name}`),
}, { version: 1 });

async function listen(kind, listener, port) {
  await new Promise((resolve) => listener.listen(Number(port), '127.0.0.1', resolve));
  console.log(`listening ${kind} 127.0.0.1:${listener.address().port}`);
}

(async () => {
  await listen('tcp', server.tcp(), values['tcp-port']);
  await listen('http', server.http(), values['http-port']);
  await listen('tcp1', old.tcp(), '0');
  await listen('http1', old.http(), '0');
  console.log('ready');
  process.stdin.resume();
  process.stdin.on('end', () => process.exit(0));
})();
