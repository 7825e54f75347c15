/** `ntm dc access deny`: the same patterns as allow, and stronger. */
import { accessList } from '../../base/access-list.ts'

export default accessList('deny', 'deny names')
