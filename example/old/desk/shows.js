// Everybody sees these pages.
var express = require('express4');
var database = require('./database');
var view = require('./view');

var router = module.exports = express.Router();
var shows = database.table('shows');

router.get('/', function (req, res, next) {
  database.query('SELECT id, title FROM ' + shows + ' ORDER BY id', function (err, rows) {
    if (err) return next(err);
    res.send(view.page('Shows', '<ul>' + rows.map(function (row) {
      return '<li><a href="/shows/' + row.id + '">' + view.escape(row.title) + '</a></li>';
    }).join('') + '</ul><p><a href="/shows?sort=price">By price</a> <a href="/me">Me</a></p>' +
      '<form action="/search"><input name="q" value="ham"><button>Search</button></form>'));
  });
});

router.get('/shows', function (req, res, next) {
  var sort = req.query.sort || 'title';
  database.query('SELECT title, hall, price FROM ' + shows + ' ORDER BY ' + sort, function (err, rows) {
    if (err) return next(err);
    res.send(view.page('Shows by ' + sort, view.table(rows)));
  });
});

router.get('/shows/:id', function (req, res, next) {
  database.query('SELECT title, hall, price FROM ' + shows + ' WHERE id = ' + req.params.id, function (err, rows) {
    if (err) return next(err);
    if (rows.length === 0) return next();
    res.send(view.page(rows[0].title, view.table(rows)));
  });
});

router.get('/search', function (req, res, next) {
  var text = "SELECT title, hall, price FROM " + shows + " WHERE LOWER(title) LIKE '%" + req.query.q + "%'";
  database.query(text, function (err, rows) {
    if (err) return next(err);
    res.send(view.page('Found', view.table(rows)));
  });
});
