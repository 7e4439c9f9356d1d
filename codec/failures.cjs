/** Failures of activities with their message and stack as a payload, which is encrypted like any other. CommonJS, because the SDK loads it by path. */
const { DefaultFailureConverter } = require('@temporalio/common');

exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
