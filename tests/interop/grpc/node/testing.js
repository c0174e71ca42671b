'use strict';
// The package grpc.testing, as grpc-js loads it from the .proto files.

const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

function testing(protos) {
  const definition = loader.loadSync(path.join(protos, 'grpc/testing/test.proto'), {
    includeDirs: [protos],
    keepCase: true,
    enums: String,
    longs: Number,
    defaults: true,
  });
  return grpc.loadPackageDefinition(definition).grpc.testing;
}

module.exports = { testing };
