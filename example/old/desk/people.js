// Signing in, booking, and the page of whoever is signed in.
var crypto = require('crypto');
var express = require('express4');
var database = require('./database');
var view = require('./view');

var router = module.exports = express.Router();
var people = database.table('people');
var bookings = database.table('bookings');
var sessions = {};

router.use(function (req, res, next) {
  var found = /(?:^|; )desk=(\w+)/.exec(req.headers.cookie || '');
  req.person = found && sessions[found[1]];
  next();
});

router.get('/sign-in', function (req, res) {
  res.send(view.page('Sign in', '<form method="post" action="/sign-in"><input name="name"><input name="password" type="password">' +
    '<button>Sign in</button></form>'));
});

router.post('/sign-in', function (req, res, next) {
  var text = "SELECT id, name FROM " + people + " WHERE name = '" + req.body.name + "' AND password = '" + req.body.password + "'";
  database.query(text, function (err, rows) {
    if (err) return next(err);
    if (rows.length === 0) return res.status(401).send(view.page('Sign in', '<p>No such name, or another password.</p>'));
    var id = crypto.randomBytes(12).toString('hex');
    sessions[id] = rows[0].id;
    res.cookie('desk', id);
    res.redirect('/me');
  });
});

router.post('/book', function (req, res, next) {
  var text = "INSERT INTO " + bookings + " (show_id, name, seats) VALUES (" + req.body.show + ", '" + req.body.name + "', " +
    req.body.seats + ")";
  database.query(text, function (err) {
    if (err) return next(err);
    res.send(view.page('Booked', '<p>See you there.</p>'));
  });
});

function signedIn(req, res, next) {
  if (!req.person) return res.redirect('/sign-in');
  next();
}

// What somebody is called is written carefully, and read back without a thought.
router.post('/me', signedIn, function (req, res, next) {
  var nick = String(req.body.nick).replace(/\\/g, '').replace(/'/g, "''");
  database.query("UPDATE " + people + " SET nick = '" + nick + "' WHERE id = " + req.person, function (err) {
    if (err) return next(err);
    res.redirect('/me');
  });
});

router.get('/me', signedIn, function (req, res, next) {
  database.query('SELECT nick FROM ' + people + ' WHERE id = ' + req.person, function (err, rows) {
    if (err) return next(err);
    var nick = rows[0].nick;
    database.query("SELECT show_id, seats FROM " + bookings + " WHERE name = '" + nick + "'", function (err, rows) {
      if (err) return next(err);
      res.send(view.page('Your bookings', view.table(rows) + '<form method="post" action="/me"><input name="nick" value="' +
        view.escape(nick) + '"><button>Keep</button></form>'));
    });
  });
});
