export { guardMongo, guardMongoDriver, type MongoOptions } from './database/guard-mongo.ts'
export { type Condition, type Filter, type FilterKit, type Filters, filter, type Scalar } from './filter/filter.ts'
