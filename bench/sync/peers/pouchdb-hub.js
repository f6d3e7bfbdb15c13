// A server with CouchDB's protocol, its databases in memory: node pouchdb-hub.js ADDRESS PORT COUNT
// Prints "ready" when it listens and "all" when it holds COUNT documents.
'use strict';
const [address, port, count] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const PouchDB = require('pouchdb-core')
  .plugin(require('pouchdb-adapter-memory'))
  .plugin(require('pouchdb-mapreduce'))
  .plugin(require('pouchdb-replication'));
const serve = require('express-pouchdb')(PouchDB, {
  mode: 'minimumForPouchDB', inMemoryConfig: true, logPath: '/dev/null',
});
const here = new PouchDB('work', { adapter: 'memory' });
const seen = new Set();

here.changes({ since: 0, live: true }).on('change', (change) => {
  seen.add(change.id);
  if (seen.size === count) console.log('all');
});
here.info().then(() => {
  require('express')().use('/', serve).listen(port, address, () => console.log('ready'));
});
