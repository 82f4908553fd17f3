// The ticket desk of a small theatre, as it was written in 2016. Full of holes, and kept that way on purpose: see the README above.
var express = require('express4');
var database = require('./database');
var disk = require('./disk');
var view = require('./view');

var app = express();

app.use(express.urlencoded({ extended: true }));
app.use(express.json());
app.use('/public', express.static(disk.folder('public')));
app.use(require('./shows'));
app.use(require('./people'));
app.use(require('./office'));

app.use(function (req, res, next) {
  var err = new Error('Not Found');
  err.status = 404;
  next(err);
});

app.use(function (err, req, res, next) {
  res.status(err.status || 500);
  res.send(view.page('Error', '<p>' + view.escape(err.message) + '</p>'));
});

database.prepare(function (err) {
  if (err) throw err;
  var server = app.listen(process.env.PORT || 0, '127.0.0.1', function () {
    app.set('port', server.address().port);
    console.log('The desk is open at http://127.0.0.1:' + server.address().port);
  });
});

process.on('SIGTERM', function () {
  disk.clean();
  process.exit(0);
});
