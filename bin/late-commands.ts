/**
 * The commands that draw, measure or print scripts, behind one import that is made when one of them runs. The code
 * of these modules does not run for any other command.
 */
export { bench } from './bench/bench.js';
export { clusterHistory, pauseCluster, resumeCluster, showCluster, switchCluster } from './cluster.js';
export { manualPage } from './completion/manual.js';
export { completionScript } from './completion/scripts.js';
export { getOptions, setOptions, takenBack, valuesOf } from './config/live.js';
export { checkFile, printConfig, printExample } from './config/report.js';
export { doctor } from './doctor/doctor.js';
export { latency } from './latency.js';
export { drain, removeNode } from './leaving.js';
export { monitor } from './monitor.js';
export { slowlog } from './slowlog.js';
export { showStatus } from './status-command.js';
export { top } from './top.js';
