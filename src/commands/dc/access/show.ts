/** `ntm dc access show`: who may take a name here. */
import { accessList } from '../../base/access-list.ts'

export default accessList('show', 'show who may take a name')
