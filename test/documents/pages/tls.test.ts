/** The blocks of src/access/tls/README.md. */
import { testBlocks } from '../page-blocks.js';

testBlocks('src/access/tls/README.md');
