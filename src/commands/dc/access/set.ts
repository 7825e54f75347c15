/** `ntm dc access set`: open to all, by invite token, or by the list only. */
import { accessList } from '../../base/access-list.ts'

export default accessList('set', 'choose who may take a name')
