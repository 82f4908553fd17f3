exports.free = function (hall) {
  return hall === 'Studio' ? 40 : 300;
};
exports.rows = function (hall) {
  return hall === 'Studio' ? 5 : 20;
};
