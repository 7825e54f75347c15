/** `ntm dc access forget`: what was allowed or denied is judged as anybody is. */
import { accessList } from '../../base/access-list.ts'

export default accessList('forget', 'take a pattern off both lists')
