/**
 * A fault for the judge to find, loaded before the program: the disk says that a batch is written, and writes it
 * a moment later. Who is killed in between has promised what it does not have.
 */
import { Level } from 'level'

const LATE_MS = 300

const { batch } = Level.prototype
Level.prototype.batch = function () {
  const made = batch.call(this)
  const write = made.write.bind(made)
  made.write = async how => {
    setTimeout(() => write(how).catch(() => undefined), LATE_MS)
  }
  return made
}
