/** Sales: the one body of the family that has a customer instead of a contact. Pure data. */
import { type EventType, sample } from '../eventType.ts';
import saleCompletedBody from '../samples/marketing/customer.sale.completed.json' with { type: 'json' };
import { id, idOrNull, isoTime, type JsonSchema, list, object, orNull, text, textOrNull } from '../schema.ts';
import {
  customerEmail,
  fields,
  funnelScope,
  funnelStep,
  funnelStepScope,
  searchableNamed,
  searchableStep,
} from './parts.ts';

const openOrNull = (title: string, description: string): JsonSchema => ({
  title,
  description,
  type: ['object', 'null'],
});

const customer = object(
  'Customer',
  {
    id: id('Customer id'),
    payment_processor: textOrNull('Payment processor', 'Such as paypal or stripe.'),
    contact_id: idOrNull('Contact id', 'The contact who became the customer.'),
    email: customerEmail,
    fields,
    client_ip: textOrNull('IP address', 'Where the order was sent from.'),
  },
  ['id', 'contact_id', 'email', 'fields'],
);

const pricePlan = object(
  'Price plan',
  {
    id: id('Price plan id'),
    name: text('Name', 'As customers see it.'),
    inner_name: textOrNull('Inner name', 'As the team sees it.'),
    type: text('Kind', 'Such as one_shot or subscription.'),
    direct_charge_amount: {
      title: 'Amount',
      description: 'In minor units of the currency: 583 is 5.83 EUR. Null when nothing is charged at once.',
      type: ['integer', 'null'],
    },
    subscription_plan: openOrNull('Subscription', 'Interval and amounts; null for a single payment.'),
    currency: {
      title: 'Currency',
      description: 'ISO 4217 code in lower case, such as eur.',
      type: 'string',
      pattern: '^[a-z]{3}$',
    },
  },
  ['id', 'name', 'type', 'direct_charge_amount', 'currency'],
);

const resource = object(
  'Resource',
  {
    quantity: { title: 'Quantity', type: ['integer', 'null'] },
    enrollment_access_type: textOrNull('Access', 'Such as full_access.'),
    enrollment_dripping_access_course: openOrNull(
      'Course with gradual access',
      'Null unless access is gradual.',
    ),
    type: text('Kind', 'Such as systemeio_tag or membership_course; it says what data holds.'),
    course: openOrNull('Course', 'Null, or absent when the resource is a course itself.'),
    course_bundle: openOrNull('Bundle', 'Null, or absent when the resource is a bundle itself.'),
    physical_product: openOrNull('Product', 'Null, or absent when the resource is a product itself.'),
    tag: openOrNull('Tag', 'Null, or absent when the resource is a tag itself.'),
    data: openOrNull('Content', 'The tag, course, bundle or product itself.'),
  },
  ['type', 'data'],
  'The member named after the resource’s own kind is absent; its content stands in data.',
);

export const saleCompleted: EventType = {
  name: 'customer.sale.completed',
  family: 'marketing',
  title: { en: 'New sale', ar: 'عملية بيع جديدة' },
  description: {
    en: 'A customer paid for an offer. The body has a customer instead of a contact.',
    ar: 'دفع عميل ثمن عرض. يتضمّن المحتوى بيانات العميل (customer) بدلًا من جهة الاتصال.',
  },
  useCases: {
    en: [
      'Write the invoice in the accounting system.',
      'Ship the product that was bought.',
      'Announce the sale in the team’s chat.',
    ],
    ar: [
      'إصدار الفاتورة في نظام المحاسبة.',
      'شحن المنتج الذي جرى شراؤه.',
      'الإعلان عن عملية البيع في محادثة الفريق.',
    ],
  },
  schema: object(
    'New sale',
    {
      customer,
      funnel_step: orNull(funnelStep),
      offer_price_plan: pricePlan,
      order: object('Order', { id: id('Order id'), created_at: isoTime('Ordered at') }, ['id', 'created_at']),
      order_item: object(
        'Order item',
        {
          id: id('Order item id'),
          created_at: isoTime('Ordered at'),
          resources: list('Resources', resource, 'What the customer gets.'),
        },
        ['id', 'created_at', 'resources'],
      ),
      coupon: openOrNull('Coupon', 'Null when none was used.'),
    },
    ['customer', 'offer_price_plan', 'order', 'order_item'],
  ),
  samples: [sample('default', { en: 'Tag and course sold', ar: 'بيع وسم ودورة' }, saleCompletedBody)],
  searchable: [
    '/data/order/id',
    '/data/order_item/id',
    '/data/customer/id',
    '/data/customer/email',
    '/data/customer/fields/*',
    ...searchableNamed('/data/offer_price_plan'),
    '/data/offer_price_plan/inner_name',
    ...searchableStep('/data/funnel_step'),
    ...searchableNamed('/data/order_item/resources/*/data'),
    '/data/coupon/*',
  ],
  subject: '/data/customer/contact_id',
  scopes: [
    {
      name: 'offer_price_plan',
      title: { en: 'Price plan', ar: 'خطة السعر' },
      pointer: '/data/offer_price_plan/id',
      labelPointer: '/data/offer_price_plan/name',
    },
    funnelStepScope,
    funnelScope,
  ],
};
