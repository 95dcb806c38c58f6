import type { Language, ZoneId } from '../../domain/types.js';

const en = {
  learn: {
    title: 'Courses for you',
    lead: 'Short courses about your money and your bank. They are free and sell nothing; take them when it suits you.',
    none: 'There are no courses just now. Please look again some other time.',
    size: (lessons: number, minutes: number) =>
      `${lessons === 1 ? '1 lesson' : `${lessons} lessons`}, about ${minutes} minutes`,
    points: (points: string) => `${points} points when you pass`,
    notBegun: 'Not begun',
    underWay: (done: number, of: number) => `${done} of ${of} lessons read`,
    completed: 'Passed',
    completedWords: 'You have passed this course. You can read the lessons again at any time.',
    begin: 'Begin',
    beginNewer: 'Take the new edition',
    newer: 'There is a new edition of this course.',
    lessons: 'Lessons',
    read: 'read',
    minutes: (minutes: number) => `${minutes} min`,
    done: 'I have read this',
    next: 'Next lesson',
    previous: 'Previous lesson',
    toCourse: 'To the course',
    toCourses: 'All courses',
    quiz: 'The quiz',
    toQuiz: 'To the quiz',
    lessonsLeft: 'The quiz opens once you have read every lesson and said so below it.',
    quizLead: (questions: number, pass: number, tries: number) =>
      `${questions} questions; ${pass} right answers pass. You have ${tries} tries a day.`,
    choose: 'Please choose an answer to this question.',
    noTriesLeft: 'You have used your tries for today. Please read the lessons once more and try again tomorrow.',
    passed: 'You have passed',
    failed: 'Not passed this time',
    score: (score: number, of: number) => `${score} of ${of} answers are right.`,
    pointsGiven: (points: string) => `${points} points are in your points account now, once for each course.`,
    pointsOwed: (points: string) =>
      `${points} points come to your points account as soon as our points programme begins, once for each course.`,
    triesLeft: (tries: number) =>
      tries === 0
        ? 'You have no more tries today; tomorrow you have.'
        : tries === 1
          ? 'You have one more try today.'
          : `You have ${tries} more tries today.`,
    again: 'Try again',
    yourAnswer: 'Your answer',
    right: 'Right',
    wrong: 'Not right',
    toEvents: 'Talks and salons',
  },
  events: {
    title: 'Talks and salons',
    lead: 'Events for our customers. They cost nothing.',
    none: 'No events are planned just now. Please look again some other time.',
    kinds: { talk: 'Talk', salon: 'Salon', 'course-day': 'Course day' },
    when: 'When',
    where: 'Where',
    online: 'online',
    seats: 'Seats',
    free: (free: number, of: number) => `${free} of ${of} are free`,
    full: 'all taken; you can wait for one',
    until: 'Answer until',
    yours: 'Your answer',
    seated: 'You have a seat.',
    waiting: (line: number) => `You are number ${line} on the waiting list.`,
    cancelled: 'This event is cancelled.',
    over: 'The time to answer is over.',
    come: 'I come',
    wait: 'Put me on the waiting list',
    giveUp: 'I can’t come',
    leave: 'Leave the waiting list',
    join: 'Take part here',
    gotSeat: 'A seat is kept for you. We also write to you about it.',
    gotWaiting: (line: number) =>
      `All seats are taken; you are number ${line} on the waiting list. If a seat becomes free for you, we write to you.`,
    gaveUp: 'Thank you for telling us. Your place is free for somebody else.',
    toCourses: 'Courses for you',
    refusals: {
      'event-cancelled': 'This event is cancelled. Nothing was changed.',
      'rsvp-over': 'The time to answer for this event is over. Please ask your contact at the bank.',
      'has-begun': 'This event has begun. Nothing can be changed any more.',
      'waiting-list-full': 'So many wait for this event that we can’t add you. Please look at our other events.',
      'no-event': 'There is no such event any more. Please choose another.',
      'other-branch': 'This event is for customers of another branch. Please choose another.',
      'not-coming': 'You had not said that you come, so there was nothing to change.',
    },
  },
};

export type EducationWords = typeof en;
export type EventPageRefusal = keyof EducationWords['events']['refusals'];

const zh: EducationWords = {
  learn: {
    title: '为您准备的课程',
    lead: '关于理财与银行服务的小课程，完全免费，不推销任何产品，您可以随时学习。',
    none: '目前没有课程，欢迎下次再来。',
    size: (lessons, minutes) => `共 ${lessons} 课，约 ${minutes} 分钟`,
    points: (points) => `通过后可获 ${points} 积分`,
    notBegun: '尚未开始',
    underWay: (done, of) => `已读 ${done}/${of} 课`,
    completed: '已通过',
    completedWords: '您已通过本课程，可随时重新阅读各课内容。',
    begin: '开始学习',
    beginNewer: '学习新版课程',
    newer: '本课程已有新版。',
    lessons: '课程内容',
    read: '已读',
    minutes: (minutes) => `${minutes} 分钟`,
    done: '我已读完',
    next: '下一课',
    previous: '上一课',
    toCourse: '返回课程',
    toCourses: '全部课程',
    quiz: '小测验',
    toQuiz: '进入小测验',
    lessonsLeft: '读完每一课并在课后确认后，即可开始小测验。',
    quizLead: (questions, pass, tries) => `共 ${questions} 题，答对 ${pass} 题即通过。每天可尝试 ${tries} 次。`,
    choose: '请为本题选择一个答案。',
    noTriesLeft: '您今天的测验次数已用完，请再读一遍课程，明天再试。',
    passed: '恭喜您通过测验',
    failed: '本次未通过',
    score: (score, of) => `共 ${of} 题，答对 ${score} 题。`,
    pointsGiven: (points) => `${points} 积分已计入您的积分账户，每门课程仅发放一次。`,
    pointsOwed: (points) => `积分计划开始后，${points} 积分将计入您的积分账户，每门课程仅发放一次。`,
    triesLeft: (tries) => (tries === 0 ? '今天的次数已用完，明天可以再试。' : `今天还可尝试 ${tries} 次。`),
    again: '再试一次',
    yourAnswer: '您的答案',
    right: '正确',
    wrong: '不正确',
    toEvents: '讲座与沙龙',
  },
  events: {
    title: '讲座与沙龙',
    lead: '为客户举办的活动，均免费参加。',
    none: '目前没有计划中的活动，欢迎下次再来。',
    kinds: { talk: '讲座', salon: '沙龙', 'course-day': '课程日' },
    when: '时间',
    where: '地点',
    online: '线上',
    seats: '席位',
    free: (free, of) => `共 ${of} 席，剩余 ${free} 席`,
    full: '席位已满，可候补',
    until: '报名截止',
    yours: '您的报名',
    seated: '席位已为您保留。',
    waiting: (line) => `您在候补名单第 ${line} 位。`,
    cancelled: '本活动已取消。',
    over: '报名已截止。',
    come: '我要参加',
    wait: '加入候补名单',
    giveUp: '我不能参加',
    leave: '退出候补名单',
    join: '点此参加',
    gotSeat: '席位已为您保留，我们还会通过邮件通知您。',
    gotWaiting: (line) => `席位已满，您在候补名单第 ${line} 位。如有席位空出并轮到您，我们会通过邮件通知您。`,
    gaveUp: '感谢您告知我们，席位将让给其他客户。',
    toCourses: '为您准备的课程',
    refusals: {
      'event-cancelled': '本活动已取消，没有任何内容被更改。',
      'rsvp-over': '本活动报名已截止，请联系您的客户经理。',
      'has-begun': '本活动已经开始，无法再作更改。',
      'waiting-list-full': '候补人数已满，暂时无法加入，请看看其他活动。',
      'no-event': '该活动已不存在，请选择其他活动。',
      'other-branch': '本活动仅面向其他网点的客户，请选择其他活动。',
      'not-coming': '您尚未报名本活动，无需更改。',
    },
  },
};

/** What the pages of courses and events say. */
export const educationWords = (language: Language): EducationWords => (language === 'zh-CN' ? zh : en);

const locale = (language: Language): string => (language === 'en' ? 'en-GB' : language);

/** A day and time as people of the zone read it, with the zone's name. */
export function timeIn(language: Language, zone: ZoneId, at: number): string {
  const parts = { weekday: 'short', day: 'numeric', month: 'long', year: 'numeric' } as const;
  const clock = { hour: '2-digit', minute: '2-digit', timeZone: zone, timeZoneName: 'short' } as const;
  return new Intl.DateTimeFormat(locale(language), { ...parts, ...clock }).format(at);
}

export const numberIn = (language: Language, n: number): string => new Intl.NumberFormat(locale(language)).format(n);
