/** What `bin/run.js` tells V8 before anything is loaded. Our nodes get it by `--import`, and so before their own modules. */
import { setFlagsFromString } from 'node:v8'

setFlagsFromString('--semi-space-growth-factor=1')
