// Whoever may log in and read is answered, if only that there is nothing of that
// name. What goes wrong throws, and the client exits with 1.
const admin = db.getSiblingDB('admin');
if (!admin.auth(process.env.MONGO_INITDB_ROOT_USERNAME, process.env.WAYBILL_PASSWORD)) {
  throw new Error('the server does not take the password');
}
if (admin.runCommand({ ping: 1 }).ok !== 1) {
  throw new Error('the server does not answer a ping');
}
admin.getCollection('waybill').findOne();
print('answered');
