// What the desk writes is kept in a folder of its own.
var fs = require('fs');
var os = require('os');
var path = require('path');

var root = fs.mkdtempSync(path.join(os.tmpdir(), 'ticket-desk-'));

['public', 'notes'].forEach(function (name) {
  fs.mkdirSync(path.join(root, name));
});
fs.writeFileSync(path.join(root, 'public', 'poster.txt'), 'HAMLET, on every evening of May\n');
fs.writeFileSync(path.join(root, 'notes', 'first.txt'), 'The lamp in the foyer is broken.\n');

exports.folder = function (name) {
  return path.join(root, name);
};

exports.clean = function () {
  fs.rmSync(root, { recursive: true, force: true });
};
