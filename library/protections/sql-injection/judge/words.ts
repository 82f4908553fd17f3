/** Reserved words behind which a value or an expression may stand. */
const BEFORE_VALUE: ReadonlySet<string> = words(
  'select distinct all where and or not in like ilike glob regexp rlike similar between limit offset by values set then',
  'else when case having on is any some from join into update table top fetch using interval as returning if exists',
  'escape div mod xor binary collate over default call exec execute next first',
)

/** Reserved words that may stand behind a complete value. */
const AFTER_VALUE: ReadonlySet<string> = words(
  'and or order group limit offset having union except intersect minus asc desc from where then else end when as is not in',
  'like ilike between on set values returning for fetch rows row nulls collate join left right inner outer full cross',
  'natural using window escape div mod xor regexp rlike glob similar lock with',
)

/** Reserved words that hold no value of their own: a text of nothing else changes no statement. */
const BARE: ReadonlySet<string> = words(
  'order group partition by asc desc nulls first last left right full inner outer cross natural join on is not in like between',
  'exists insert replace into values update set delete from select distinct where having limit offset union all except',
  'intersect as and for no action key primary foreign references create drop alter table index view begin commit rollback',
  'conflict duplicate do nothing returning using time zone with without only rows row fetch next constraint unique check default',
)

/** Reserved words that compute something of what stands beside them. */
const OPERATORS: ReadonlySet<string> = words(
  'and or not xor is isnull notnull in like ilike glob regexp rlike similar between div mod collate escape union select from',
  'where having limit offset case when then else end exists any all some interval binary distinct into values null true false',
)

/** Behind these a list of columns may stand that an app lets its users choose. */
const BEFORE_COLUMNS: ReadonlySet<string> = words('select distinct by')

export function isBeforeValue(word: string): boolean {
  return BEFORE_VALUE.has(word)
}

export function isAfterValue(word: string): boolean {
  return AFTER_VALUE.has(word)
}

export function isBare(word: string): boolean {
  return BARE.has(word)
}

export function isOperator(word: string): boolean {
  return OPERATORS.has(word)
}

export function isBeforeColumns(word: string): boolean {
  return BEFORE_COLUMNS.has(word)
}

function words(...lists: readonly string[]): ReadonlySet<string> {
  return new Set(lists.flatMap((list) => list.split(' ')))
}
