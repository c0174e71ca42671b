'use strict';
// A grpc-js server with the interop cases' TestService. It prints "listening tcp HOST:PORT", then "ready", and stops when its
// standard input closes.
//
//   node server.js --protos DIR [--address HOST:PORT]

const { parseArgs } = require('node:util');
const grpc = require('@grpc/grpc-js');
const { testing } = require('./testing');

const { values: options } = parseArgs({
  options: { protos: { type: 'string' }, address: { type: 'string', default: '127.0.0.1:0' } },
});

const body = (size) => ({ payload: { type: 'COMPRESSABLE', body: Buffer.alloc(size) } });

/** Sends back what the client asks to have echoed; the trailers it gives. */
function echo(call) {
  const initial = call.metadata.get('x-grpc-test-echo-initial');
  if (initial.length > 0) {
    const headers = new grpc.Metadata();
    initial.forEach((value) => headers.add('x-grpc-test-echo-initial', value));
    call.sendMetadata(headers);
  }
  const trailers = new grpc.Metadata();
  call.metadata.get('x-grpc-test-echo-trailing-bin').forEach((value) => trailers.add('x-grpc-test-echo-trailing-bin', value));
  return trailers;
}

const refusal = (status, trailers) => ({ code: status.code, details: status.message, metadata: trailers });

/** Writes one reply for each of the parameters, when its time has come. */
async function reply(call, parameters) {
  for (const { size, interval_us: pause } of parameters) {
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause / 1000));
    if (call.cancelled) return;
    if (!call.write(body(size))) await new Promise((resolve) => call.once('drain', resolve));
  }
}

const server = new grpc.Server();
server.addService(testing(options.protos).TestService.service, {
  EmptyCall: (call, done) => done(null, {}),
  UnaryCall: (call, done) => {
    const trailers = echo(call);
    const { response_status: status, response_size: size } = call.request;
    if (status && status.code !== 0) return done(refusal(status, trailers));
    return done(null, body(size), trailers);
  },
  StreamingOutputCall: async (call) => {
    const trailers = echo(call);
    await reply(call, call.request.response_parameters);
    call.end(trailers);
  },
  StreamingInputCall: (call, done) => {
    const trailers = echo(call);
    let sum = 0;
    call.on('data', ({ payload }) => (sum += payload ? payload.body.length : 0));
    call.on('end', () => done(null, { aggregated_payload_size: sum }, trailers));
    call.on('error', () => {});
  },
  FullDuplexCall: (call) => {
    const trailers = echo(call);
    let earlier = Promise.resolve();
    let over = false;
    call.on('data', ({ response_status: status, response_parameters: parameters }) => {
      earlier = earlier.then(() => {
        if (over) return undefined;
        if (status && status.code !== 0) {
          over = true;
          call.emit('error', refusal(status, trailers));
          return undefined;
        }
        return reply(call, parameters);
      });
    });
    call.on('end', () => earlier.then(() => over || call.end(trailers)));
    call.on('error', () => {});
  },
});

server.bindAsync(options.address, grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(`listening tcp ${options.address.replace(/:\d+$/, '')}:${port}`);
  console.log('ready');
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
