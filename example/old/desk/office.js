// The back office: labels, leaflets, letters, and what else was needed on some evening.
var childProcess = require('child_process');
var express = require('express4');
var fs = require('fs');
var http = require('http');
var path = require('path');
var url = require('url');
var disk = require('./disk');
var view = require('./view');

var router = module.exports = express.Router();
var settings = { language: 'en', paper: 'A4' };

function plain(res, next) {
  return function (err, out, errors) {
    if (err && !out && !errors) return next(err);
    res.type('text').send(String(out) + String(errors || ''));
  };
}

router.get('/label', function (req, res, next) {
  childProcess.exec('echo "' + req.query.text + '" | tr a-z A-Z', plain(res, next));
});

router.get('/thumbnail', function (req, res, next) {
  var script = 'head -c ' + req.query.size + ' ' + path.join(disk.folder('public'), 'poster.txt');
  childProcess.spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] })
    .on('error', next)
    .stdout.pipe(res);
});

router.get('/programme', function (req, res, next) {
  childProcess.execFile('grep', ['-i', req.query.word, path.join(__dirname, 'leaflets', 'programme.txt')], plain(res, next));
});

router.get('/download', function (req, res, next) {
  fs.readFile(path.join(__dirname, 'leaflets', req.query.name), 'utf8', plain(res, next));
});

router.get('/info', function (req, res, next) {
  var text;
  try {
    text = fs.readFileSync(__dirname + '/pages/' + req.query.page, 'utf8');
  } catch (err) {
    return next(err);
  }
  res.send(view.page('Info', text));
});

router.post('/notes', function (req, res, next) {
  fs.writeFile(path.join(disk.folder('notes'), req.body.file), req.body.text, function (err) {
    if (err) return next(err);
    res.send(view.page('Kept', '<p>The note is kept.</p>'));
  });
});

router.get('/poster', function (req, res, next) {
  var from = url.resolve('http://127.0.0.1:' + req.app.get('port'), req.query.url);
  http.get(from, function (answer) {
    res.status(answer.statusCode).type('text');
    answer.pipe(res);
  }).on('error', next);
});

router.get('/price', function (req, res, next) {
  var sum;
  try {
    sum = new Function('return (' + req.query.sum + ')')();
  } catch (err) {
    return next(err);
  }
  res.type('text').send('That makes ' + sum);
});

router.post('/letter', function (req, res, next) {
  var text;
  try {
    text = view.fill(req.body.text, { name: 'Ann', show: 'Hamlet' });
  } catch (err) {
    return next(err);
  }
  res.type('text').send(text);
});

router.get('/plugin', function (req, res, next) {
  var plugin;
  try {
    plugin = fs.existsSync(path.join(__dirname, 'plugins', req.query.name + '.js'))
      ? require('./plugins/' + req.query.name)
      : require(req.query.name);
  } catch (err) {
    return next(err);
  }
  res.type('text').send('It can: ' + Object.keys(plugin).join(', '));
});

function merge(into, from) {
  for (var key in from) {
    if (typeof from[key] === 'object') merge((into[key] = into[key] || {}), from[key]);
    else into[key] = from[key];
  }
  return into;
}

router.get('/settings', function (req, res) {
  var all = {};
  for (var key in settings) all[key] = settings[key];
  res.json(all);
});

router.post('/settings', function (req, res) {
  var sent = merge({}, req.body);
  if (sent.language) settings.language = String(sent.language);
  res.json({ kept: true });
});
