#!/usr/bin/env node
// The shell around the commands: oclif reads the manifest and loads only the one command that is asked for.
import { execute } from '@oclif/core'

await execute({ dir: import.meta.url })
