import type { ContactChannel } from '../../domain/contact-policy.js';
import type { Language } from '../../domain/types.js';

const en = {
  promotional: { email: 'Offers by mail', sms: 'Offers by SMS', im: 'Offers by instant message' },
  survey: { email: 'Questions by mail', sms: 'Questions by SMS', im: 'Questions by instant message' },
  preferred: 'Where do you like to hear from us?',
  preferredHint: 'We write there first where we can. Letters that we must send you come by mail.',
  channels: { email: 'By mail', sms: 'By SMS', im: 'By instant message', none: 'No preference' },
};

export type PreferencesWords = typeof en;

const zh: PreferencesWords = {
  promotional: { email: '优惠邮件', sms: '优惠短信', im: '优惠即时消息' },
  survey: { email: '问卷邮件', sms: '问卷短信', im: '问卷即时消息' },
  preferred: '您希望我们优先通过哪种方式联系您？',
  preferredHint: '我们会尽量优先使用这种方式。必须发送给您的信件通过邮件发送。',
  channels: { email: '邮件', sms: '短信', im: '即时消息', none: '没有偏好' },
};

export const preferencesWords = (language: Language): PreferencesWords => (language === 'zh-CN' ? zh : en);

/** What a customer may choose as the preferred channel; `none`: whatever the bank uses. */
export const PREFERRED: readonly (ContactChannel | 'none')[] = ['email', 'sms', 'im', 'none'];
