/** What `bin/run.js` does before anything else is loaded. Imported first. */
import { setFlagsFromString } from 'node:v8'

setFlagsFromString('--semi-space-growth-factor=1')
