import { askAgain } from '../../config/ask-again.js';

/** As Temporal's client wraps what gRPC says. */
const serviceError = (code: number): Error =>
  Object.assign(new Error('Workflow Update failed', { cause: Object.assign(new Error('no'), { code }) }), {
    name: 'ServiceError',
  });

test('a question that the server dropped is asked again and answered', async () => {
  const ask = jest.fn<Promise<string>, []>().mockRejectedValueOnce(serviceError(9)).mockResolvedValue('done');
  await expect(askAgain(ask)).resolves.toBe('done');
  expect(ask).toHaveBeenCalledTimes(2);
});

test('a question that is dropped every time is given up, and said', async () => {
  const ask = jest.fn<Promise<string>, []>().mockRejectedValue(serviceError(10));
  await expect(askAgain(ask)).rejects.toThrow('Workflow Update failed');
  expect(ask).toHaveBeenCalledTimes(5);
});

test.each([
  ['an outage', serviceError(14)],
  ['a refusal', new Error('no')],
])('%s is not asked again', async (_what, error) => {
  const ask = jest.fn<Promise<string>, []>().mockRejectedValue(error);
  await expect(askAgain(ask)).rejects.toBe(error);
  expect(ask).toHaveBeenCalledTimes(1);
});
