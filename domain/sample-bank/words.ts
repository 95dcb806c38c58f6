/** What people, places and firms of the sample bank are called. All invented; likeness would be chance. */

export const ZH_FAMILY = [...'王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕'];
export const ZH_GIVEN_F = [...'芳娜敏静丽艳娟霞秀慧婷雪琳玲怡欣颖洁蕾薇'];
export const ZH_GIVEN_M = [...'伟强磊军勇杰涛超明刚平辉鹏华飞鑫波斌宇浩'];
export const ZH_MIDDLE = [...'志建文国晓海春德永嘉思雨子天家梓佳俊'];
export const EN_FAMILY = [
  'Ashby',
  'Bennett',
  'Carver',
  'Doyle',
  'Ellison',
  'Finch',
  'Grady',
  'Hollis',
  'Irving',
  'Jarvis',
  'Keane',
  'Lowell',
  'Marlow',
  'Nolan',
  'Osborne',
  'Pryce',
  'Quinn',
  'Rowan',
  'Sutton',
  'Thorne',
  'Underhill',
  'Vance',
  'Whitaker',
  'Yates',
  'Chan',
  'Leung',
  'Ho',
  'Wong',
] as const;
export const EN_GIVEN_F = [
  'Alice',
  'Beth',
  'Clara',
  'Diana',
  'Edith',
  'Fiona',
  'Grace',
  'Hannah',
  'Iris',
  'Joan',
  'Laura',
  'Nora',
  'Ruth',
] as const;
export const EN_GIVEN_M = [
  'Adam',
  'Brian',
  'Colin',
  'Daniel',
  'Edward',
  'Frank',
  'George',
  'Henry',
  'Ian',
  'James',
  'Luke',
  'Martin',
  'Simon',
] as const;

/** Name of each branch, and the zone of the people around it. */
export const BRANCHES = [
  { ref: 'b-shanghai-pudong', name: '上海浦东支行', zone: 'Asia/Shanghai', weight: 14 },
  { ref: 'b-shanghai-jingan', name: '上海静安支行', zone: 'Asia/Shanghai', weight: 12 },
  { ref: 'b-beijing-chaoyang', name: '北京朝阳支行', zone: 'Asia/Shanghai', weight: 12 },
  { ref: 'b-beijing-haidian', name: '北京海淀支行', zone: 'Asia/Shanghai', weight: 10 },
  { ref: 'b-shenzhen-nanshan', name: '深圳南山支行', zone: 'Asia/Shanghai', weight: 10 },
  { ref: 'b-guangzhou-tianhe', name: '广州天河支行', zone: 'Asia/Shanghai', weight: 9 },
  { ref: 'b-tianjin-heping', name: '天津和平支行', zone: 'Asia/Shanghai', weight: 8 },
  { ref: 'b-chengdu-jinjiang', name: '成都锦江支行', zone: 'Asia/Shanghai', weight: 7 },
  { ref: 'b-hangzhou-xihu', name: '杭州西湖支行', zone: 'Asia/Shanghai', weight: 6 },
  { ref: 'b-hongkong-central', name: 'Hong Kong Central', zone: 'Asia/Hong_Kong', weight: 5 },
  { ref: 'b-london', name: 'London', zone: 'Europe/London', weight: 4 },
  { ref: 'b-new-york', name: 'New York', zone: 'America/New_York', weight: 3 },
] as const;

export const JOBS = [
  'engineer',
  'teacher',
  'nurse',
  'accountant',
  'sales',
  'civil-servant',
  'driver',
  'technician',
  'clerk',
  'manager',
  'physician',
  'researcher',
  'designer',
  'lawyer',
] as const;

export const EMPLOYERS = [
  '华东精工',
  '北辰软件',
  '海河港务',
  '蓝鲸物流',
  '新禾食品',
  '启明医院',
  '长桥地产',
  '云岭能源',
  '东方纺织',
  '晨光教育集团',
  '南湖大学',
  '瑞安药业',
  '星图半导体',
  '广信会计',
  'Harbour & Finch',
  'Northgate Shipping',
  'Tallis Instruments',
  'Meridian Foods',
] as const;

/** Other banks, by invented codes. */
export const OTHER_BANKS = ['BOEC', 'HXBK', 'NTSB', 'CWBC', 'YDBK', 'MRDN'] as const;
