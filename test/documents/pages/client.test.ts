/** The blocks of src/client/README.md. */
import { testBlocks } from '../page-blocks.js';

testBlocks('src/client/README.md');
