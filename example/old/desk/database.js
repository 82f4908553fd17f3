// One function for all databases: database.query(text, function (err, rows) {}). SQLite, unless DATABASE_URL names something else.
var url = process.env.DATABASE_URL || '';
var prefix = process.env.TABLE_PREFIX || 'desk_';

var TABLES = {
  shows: 'id SERIAL, title VARCHAR(100), hall VARCHAR(40), price INTEGER',
  people: 'id SERIAL, name VARCHAR(40), password VARCHAR(40), nick VARCHAR(2000)',
  bookings: 'id SERIAL, show_id INTEGER, name VARCHAR(2000), seats INTEGER'
};
var ROWS = [
  "INSERT INTO {shows} (title, hall, price) VALUES ('Hamlet', 'Great hall', 24), ('The Seagull', 'Studio', 18), ('Faust', 'Great hall', 30)",
  "INSERT INTO {people} (name, password, nick) VALUES ('ann', 'rosebud', 'Ann'), ('director', 'Kx81-not-for-you', 'The boss')",
  "INSERT INTO {bookings} (show_id, name, seats) VALUES (1, 'Ann', 2), (2, 'The boss', 4)"
];

exports.query = open();

exports.table = function (name) {
  return prefix + name;
};

exports.prepare = function (done) {
  var texts = [];
  Object.keys(TABLES).forEach(function (name) {
    texts.push('DROP TABLE IF EXISTS {' + name + '}');
    texts.push('CREATE TABLE {' + name + '} (' + columns(TABLES[name]) + ')');
  });
  texts = texts.concat(ROWS).map(function (text) {
    return text.replace(/\{(\w+)\}/, prefix + '$1');
  });
  (function next(err) {
    if (err || texts.length === 0) return done(err);
    exports.query(texts.shift(), next);
  })();
};

function columns(text) {
  if (/^postgres/.test(url)) return text;
  if (/^(mysql|mariadb)/.test(url)) return text.replace('id SERIAL', 'id INTEGER AUTO_INCREMENT PRIMARY KEY');
  return text.replace('id SERIAL', 'id INTEGER PRIMARY KEY');
}

function open() {
  if (/^postgres/.test(url)) return openPostgres();
  if (/^(mysql|mariadb)/.test(url)) return openMysql();
  return openSqlite();
}

function openPostgres() {
  var pool = new (require('pg').Pool)({ connectionString: url, max: 4 });
  return function (text, done) {
    pool.query(text, function (err, result) {
      if (err) return done(err);
      // Several statements in one text have several results.
      done(null, (Array.isArray(result) ? result[result.length - 1] : result).rows);
    });
  };
}

function openMysql() {
  var pool = require('mysql2').createPool({ uri: url.replace(/^mariadb/, 'mysql'), connectionLimit: 4 });
  return function (text, done) {
    pool.query(text, done);
  };
}

function openSqlite() {
  var name = process.versions.sqlite ? 'node:sqlite' : '@photostructure/sqlite';
  var db = new (require(name).DatabaseSync)(':memory:');
  return function (text, done) {
    var rows;
    try {
      rows = db.prepare(text).all();
    } catch (err) {
      return process.nextTick(done, err);
    }
    process.nextTick(done, null, rows);
  };
}
