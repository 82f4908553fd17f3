// Pages, by hand.
exports.escape = function (text) {
  return String(text).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
};

exports.page = function (title, body) {
  return '<!DOCTYPE html><html><head><title>' + exports.escape(title) + ' at the ticket desk</title></head><body><h1>' +
    exports.escape(title) + '</h1>' + body + '<p><a href="/">All shows</a></p></body></html>';
};

exports.table = function (rows) {
  return '<table>' + rows.map(function (row) {
    return '<tr>' + Object.keys(row).map(function (name) {
      return '<td>' + exports.escape(row[name]) + '</td>';
    }).join('') + '</tr>';
  }).join('') + '</table>';
};

// A small template: <%= name %> stands for a value.
exports.fill = function (text, values) {
  var code = text.split(/<%=(.+?)%>/).map(function (piece, i) {
    return i % 2 ? '(' + piece + ')' : JSON.stringify(piece);
  }).join(' + ');
  return new Function('values', 'with (values) { return ' + code + '; }')(values);
};
