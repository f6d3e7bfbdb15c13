// Replicates documents to a server: node pouchdb-unit.js FILE URL, FILE holding one JSON document a line.
// Prints "ready" when they are in its own database, begins at a line on its standard input, prints "done" at the end.
'use strict';
const [file, url] = process.argv.slice(2);
const PouchDB = require('pouchdb-core')
  .plugin(require('pouchdb-adapter-memory'))
  .plugin(require('pouchdb-adapter-http'))
  .plugin(require('pouchdb-mapreduce'))
  .plugin(require('pouchdb-replication'));
const here = new PouchDB('unit', { adapter: 'memory' });
const lines = require('fs').readFileSync(file, 'utf8').split('\n').filter(Boolean);

function replicate() {
  // A cut must not end it: live replication with `retry` goes on by itself, with growing pauses.
  here.replicate.to(new PouchDB(url, { adapter: 'http', skip_setup: true }), { live: true, retry: true })
    .on('paused', (error) => { if (!error) console.log('done'); })
    .on('error', (error) => { console.error(String(error)); process.exit(1); });
}
here.bulkDocs(lines.map((line) => JSON.parse(line))).then(() => {
  console.log('ready');
  process.stdin.once('data', replicate);
});
