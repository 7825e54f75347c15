// What any oclif program costs before it does anything: the measure for the start of `ntm`.
import { execute } from '@oclif/core'

await execute({ dir: import.meta.url })
