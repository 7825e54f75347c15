/** `ntm dc access allow`: one name, `*.part.of.the.domain`, or `*`. */
import { accessList } from '../../base/access-list.ts'

export default accessList('allow', 'allow names')
