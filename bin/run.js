#!/usr/bin/env node
// The shell around the commands: oclif reads the manifest and loads only the one command that is asked for.
import { setFlagsFromString } from 'node:v8'

// Almost all that a program makes while it loads stays, from which V8 concludes that it makes much: it would keep 30 MB
// for what is young, and never give them back. Texts and files are as fast with 2.
setFlagsFromString('--semi-space-growth-factor=1')
const { execute } = await import('@oclif/core')

await execute({ dir: import.meta.url })
