/**
 * A rejection that nobody handles ends a node. In the tests it fails the test that runs, because mocha alone ignores it
 * (mocha 12 passes it on to the listeners of the process, of which there are none).
 */
process.on('unhandledRejection', (reason) => {
  throw reason;
});
