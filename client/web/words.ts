import type { Instant, Language, ZoneId } from '../../domain/types.js';

const en = {
  // one door
  refusals: {
    linkInvalid: [
      'This link is not valid',
      'Perhaps a part of it got lost on its way. Please open the link in our mail once more, or write to your contact at the bank.',
    ],
    linkExpired: [
      'This link has expired',
      'Links in our mails work for a limited time. If there is something you want to tell us, please answer our latest mail or write to your contact at the bank.',
    ],
    notReady: ['This page is not ready yet', 'The bank is still being set up. Please try again in some minutes.'],
    notFound: ['There is no such page', 'Please open the link in our mail once more; nothing has been changed.'],
    badRequest: [
      'This could not be read',
      'The page was sent in a form that we don’t understand; nothing has been stored. Please open the link in our mail and try once more.',
    ],
    tooLarge: [
      'That is too much at once',
      'What was sent is larger than this page takes (1 MB); nothing has been stored. Please go back and shorten the text.',
    ],
    tooMany: [
      'Too many requests',
      'Your connection has asked very often within a minute. Please wait a minute and try again; nothing has been stored.',
    ],
    away: ['We can’t reach our systems just now', 'Nothing has been changed. Please try again in a minute.'],
    broken: [
      'Something went wrong at our end',
      'Please try again in a minute. If it happens again, give us the number below.',
    ],
    answered: ['Your answer is with us', 'You have answered this question already. Thank you.'],
    expired: [
      'The question is closed',
      'Its time has run out. If there is something you want to tell us, your contact at the bank is glad to hear from you.',
    ],
    over: [
      'The question is closed',
      'We don’t need an answer any more. If there is something you want to tell us, your contact at the bank is glad to hear from you.',
    ],
    refused: ['Your answer was not taken', 'This is why:'],
    complaintRefused: ['Your complaint was not taken', 'This is why:'],
  },
  requestNumber: 'Number of this request',
  yourWords: 'What you wrote, so that you can copy it',
  send: 'Send',
  save: 'Save',
  problems: 'Please look at this:',
  tryAgain:
    'We could not reach our systems. Your entry was not stored yet; it is still below. Please send it again in a minute; it will count once.',
  formOld: 'This page had lost its number. Your words are still below; please send them again.',
  survey: {
    title: 'One question',
    question: (bank: string) => `How likely are you to recommend ${bank} to a friend?`,
    low: 'not at all',
    high: 'very likely',
    comment: 'Would you tell us why? (optional)',
    hint: (most: number) => `Up to ${most} characters. A person reads it.`,
    noScore: 'Please choose a number from 0 to 10.',
    tooLong: (have: number, most: number) => `This is ${have} characters long; please shorten it to ${most}.`,
    until: (day: string) => `The question is open until ${day}.`,
    thanks: 'Thank you for your answer',
    thanksWords: 'It helps us to do better.',
    complaint:
      'We are sorry that you are not content. We have opened a complaint for you and will answer it in writing. Its reference:',
  },
  complaint: {
    title: 'Tell us what went wrong',
    lead: 'Somebody who was not involved will read this and answer you in writing. It costs you nothing and has no disadvantage for you. While a complaint is open we send you no offers.',
    narrative: 'What happened, and what would put it right?',
    hint: (most: number) => `Up to ${most} characters. Please leave out passwords and card numbers.`,
    empty: 'Please write what happened.',
    open: 'Your open complaints',
    reference: 'Reference',
    since: 'Received',
    due: 'Answer due by',
    state: 'State',
    steps: {
      open: 'waits for a person to take it',
      assigned: 'a person is working on it',
      escalated: 'passed to a higher unit',
    },
    thanks: 'We have your complaint',
    thanksWords: 'You also get a mail about it. Please keep the reference:',
  },
  preferences: {
    title: 'What we write to you about',
    lead: 'You can change this at any time. Letters that we must send you, such as answers to complaints, always reach you.',
    promotional: 'Offers by mail',
    promotionalHint: 'Products and advantages that could suit you.',
    survey: 'Questions by mail',
    surveyHint: 'Now and then: how content are you with us?',
    yes: 'Yes',
    no: 'No',
    choose: 'Please choose yes or no.',
    saved: 'Your choice is saved',
    savedWords: 'It holds from now on.',
    notTold:
      'Your choice is saved and holds. We could not tell all our systems, though: please send it once more in a minute.',
  },
  unsubscribe: {
    title: 'No more offers by mail?',
    lead: 'You will get no more offers. Letters that we must send you still reach you.',
    button: 'Unsubscribe',
    done: 'You are unsubscribed',
    doneWords: 'We send you no more offers by mail.',
  },
};

export type Words = typeof en;
export type RefusalWords = keyof Words['refusals'];

const zh: Words = {
  refusals: {
    linkInvalid: ['此链接无效', '链接可能不完整。请重新打开我们邮件中的链接，或联系您的客户经理。'],
    linkExpired: [
      '此链接已过期',
      '邮件中的链接在一定时间内有效。如需联系我们，请回复我们最近的邮件或联系您的客户经理。',
    ],
    notReady: ['页面尚未就绪', '系统仍在准备中，请几分钟后再试。'],
    notFound: ['页面不存在', '请重新打开我们邮件中的链接。没有任何内容被更改。'],
    badRequest: ['无法识别提交的内容', '提交的格式无法识别，没有保存任何内容。请打开我们邮件中的链接后重试。'],
    tooLarge: ['提交的内容过大', '提交的内容超过了本页面的上限（1 MB），没有保存任何内容。请返回并缩短文字。'],
    tooMany: ['请求过于频繁', '您的网络在一分钟内请求次数过多，没有保存任何内容。请一分钟后再试。'],
    away: ['系统暂时无法连接', '没有任何内容被更改。请一分钟后再试。'],
    broken: ['系统出现问题', '请一分钟后再试。如果再次出现，请告诉我们下面的编号。'],
    answered: ['我们已收到您的回答', '您已经回答过这个问题，谢谢！'],
    expired: ['问卷已结束', '回答时间已过。如有任何想告诉我们的，欢迎联系您的客户经理。'],
    over: ['问卷已结束', '我们不再需要您的回答。如有任何想告诉我们的，欢迎联系您的客户经理。'],
    refused: ['未能接受您的回答', '原因如下：'],
    complaintRefused: ['未能受理您的投诉', '原因如下：'],
  },
  requestNumber: '请求编号',
  yourWords: '您填写的内容（可复制）',
  send: '提交',
  save: '保存',
  problems: '请检查以下内容：',
  tryAgain: '系统暂时无法连接，您填写的内容尚未保存，仍保留在下面。请一分钟后再次提交，不会重复计算。',
  formOld: '页面编号丢失。您填写的内容仍在下面，请再次提交。',
  survey: {
    title: '一个问题',
    question: (bank) => `您有多大可能向朋友推荐${bank}？`,
    low: '完全不可能',
    high: '非常可能',
    comment: '能告诉我们原因吗？（选填）',
    hint: (most) => `最多 ${most} 字，我们有专人阅读。`,
    noScore: '请选择 0 到 10 之间的分数。',
    tooLong: (have, most) => `内容共 ${have} 字，请缩短到 ${most} 字以内。`,
    until: (day) => `问卷有效期至${day}。`,
    thanks: '感谢您的回答',
    thanksWords: '您的意见将帮助我们做得更好。',
    complaint: '很抱歉让您不满意。我们已为您登记投诉，并将书面答复您。投诉编号：',
  },
  complaint: {
    title: '请告诉我们出了什么问题',
    lead: '将由与此事无关的同事阅读并书面答复您。投诉不收取费用，也不会对您产生任何不利影响。投诉处理期间，我们不会向您发送优惠邮件。',
    narrative: '发生了什么？您希望如何解决？',
    hint: (most) => `最多 ${most} 字。请勿填写密码或卡号。`,
    empty: '请写下发生了什么。',
    open: '您正在处理中的投诉',
    reference: '编号',
    since: '收到日期',
    due: '最迟答复日期',
    state: '状态',
    steps: { open: '等待受理', assigned: '专人处理中', escalated: '已移交上级部门' },
    thanks: '我们已收到您的投诉',
    thanksWords: '您还将收到一封确认邮件。请保存投诉编号：',
  },
  preferences: {
    title: '您希望收到的邮件',
    lead: '您可以随时更改。我们必须发送的信件（例如投诉答复）仍会发送给您。',
    promotional: '优惠邮件',
    promotionalHint: '可能适合您的产品和优惠。',
    survey: '问卷邮件',
    surveyHint: '我们偶尔会询问您对服务是否满意。',
    yes: '接收',
    no: '不接收',
    choose: '请选择接收或不接收。',
    saved: '您的选择已保存',
    savedWords: '即刻生效。',
    notTold: '您的选择已保存并生效，但我们未能通知所有系统，请一分钟后再提交一次。',
  },
  unsubscribe: {
    title: '不再接收优惠邮件？',
    lead: '您将不再收到优惠邮件。我们必须发送的信件仍会发送给您。',
    button: '确认退订',
    done: '您已退订',
    doneWords: '我们不会再向您发送优惠邮件。',
  },
};

export const wordsIn = (language: Language): Words => (language === 'zh-CN' ? zh : en);

/** The day of an instant as the customer's calendar shows it. */
export function dayIn(language: Language, zone: ZoneId, at: Instant): string {
  const locale = language === 'en' ? 'en-GB' : language;
  return new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: zone }).format(at);
}
